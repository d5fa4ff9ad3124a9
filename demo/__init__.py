"""The drawn demo catalogue and the server that speaks the ShopStyle API."""
