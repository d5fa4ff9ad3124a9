"""Invented brands, shops and stock phrases of product texts."""

from __future__ import annotations

# Department → brands, all made up; the last group sells everything.
BRANDS: dict[str, tuple[str, ...]] = {
    "denim": ("Blue Ferry Denim", "Rivet & Loam", "Hollis Indigo", "Tenpenny", "Copperwick"),
    "dress": ("Maren Lowe", "Solène Darrow", "Ottoline Wren", "Vero Castellane", "Petal Assembly"),
    "top": ("Tilde & Ashby", "Cotton Parade", "Sundry Supply", "Lark Street", "Fennimoor"),
    "sport": ("Corvane", "Tempo Ridge", "Ninth Lap", "Halcyon Track", "Pace & Ember"),
    "knit": ("Kestrel & Rye", "Wold Woollens", "Skein Society", "Bramblefold"),
    "outer": ("Harrow & Vale", "Alder Grove Coat Co.", "Penhallow"),
    "accessory": ("Quill & Thimble", "Casa Brisella", "Marisol Oake", "Umbra Lane"),
    "bag": ("Ardenne Leather", "Poppy Halberd", "Saddle & Thread", "Tessaro", "Oak Lantern"),
    "shoe": ("Isolde Marchetti", "Tread Parlour", "Lacewell", "Bianca Ferrow", "Cobble & Co."),
    "jewel": ("Lumen & Ore", "Aurelie Finch", "Orrin Timepieces", "Gilt Harbour"),
    "any": ("Harrow & Vale", "Nordvik Studio", "Mirabelle Lane", "Wardrobe Mile", "Thea & June"),
}
RETAILERS = (
    "Wardrobe Mile", "Parcel & Plume", "Bellwether's", "The Corner Rail", "Fig & Ferry",
    "Northgate Department Store", "Hemline Express", "La Petite Armoire",
)  # fmt: skip
MODELS = (
    "Marlowe", "Ines", "Delphine", "Juno", "Petra", "Wilhelmina", "Saskia", "Odette", "Beatrix",
    "Noor", "Camille", "Thandi", "Frida", "Leonie", "Astrid", "Margaux", "Imogen", "Sunniva",
    "Carmen", "Elodie", "Harlow", "Kit", "Rosalind", "Tamsin", "Vesper", "Willa", "Anouk", "Bryony",
    "Cosima", "Dahlia", "Esme", "Freya", "Greta", "Isla", "Jolene", "Lark", "Mabel", "Nell",
)  # fmt: skip
ADJECTIVES = (
    "Classic", "Everyday", "Modern", "Essential", "Relaxed", "Slim", "Easy", "Signature", "Vintage",
    "Soft", "Favorite", "Weekend", "City", "Refined", "Heritage", "Featherweight", "Oversized",
    "Luxe", "Go-To", "All-Season", "Boyfriend", "Parisian", "Off-Duty", "Perfect",
)  # fmt: skip
BOILERPLATE = (
    "Free returns within 30 days.",
    "Free shipping &amp; returns on orders over $75.",
    "Model is 5'9\" and wears a size small.",
    "Model is 5'10\"/178&nbsp;cm, wearing size S.",
    "Exclusively at {retailer}.",
    "Available online only.",
    "Imported.",
    "Made in Portugal.",
    "Made in Italy.",
    "By {brand}; imported.",
    "Web ID: {number}.",
    "Style #{number}.",
    "Please note: colors may look different on your screen.",
    "Final sale.",
    "Gift wrapping available at checkout.",
    "See our size &amp; fit guide.",
    "Due to its popularity, limited to two per customer.",
    "Part of our Conscious Edit: made with lower-impact materials.",
)
OPENERS = (
    "Meet your new favorite.", "An instant classic.", "Effortless, from desk to dinner.",
    "Because the best pieces never go out of style.", "Understated and made to last.",
    "A little something for every mood.", "Designed in our studio, worn everywhere.",
    "Back by popular demand!", "The one our editors fought over.", "Simple. Smart. Yours.",
    "A caf&eacute;-to-cocktails kind of piece.", "Très chic, très easy.",
    "Love at first sight? We think so.", "A fresh take on a wardrobe staple.",
    "Small details make all the difference here.", "You'll reach for it again and again.",
)  # fmt: skip
STYLINGS = (
    "Pairs well with {other}.", "Wear it with {other} for an easy look.",
    "Throw on {other} and you're done.", "We love it with {other} and a red lip.",
    "Try it with {other} and {another}.", "Looks great next to {other}.",
    "Style with {other}, whatever the season.", "Dress it up with {another}.",
    "The perfect partner for {other}.", "As good with {other} as it is with {another}.",
)  # fmt: skip
COMPANIONS = (
    "skinny jeans", "your favorite jeans", "flared denim", "a crisp white tee", "a silk blouse",
    "a little black dress", "strappy sandals", "ankle boots", "white sneakers", "classic pumps",
    "a leather tote", "a structured shoulder bag", "gold hoops", "a delicate necklace",
    "oversized sunglasses", "a wide-brim hat", "a trench coat", "a chunky cardigan",
    "a mini skirt", "a fine turtleneck", "tailored shorts", "your best watch", "a polo shirt",
    "a sleek backpack", "a tennis skirt", "knee-high boots", "a floral day dress", "leggings",
)  # fmt: skip
TITLES = (
    "<b>Details &amp; Care</b>", "<b>Details:</b>", "Size &amp; Fit", "&bull;&nbsp;Details",
)  # fmt: skip
CARE: dict[str, tuple[str, ...]] = {
    "cloth": (
        "Machine wash cold, line dry", "Machine washable", "Hand wash", "Dry clean",
        "Dry clean only", "Machine wash cold, tumble dry low", "Hand wash cold, dry flat",
    ),
    "leather": (
        "Spot clean", "Wipe clean with a damp cloth", "Use a leather protector",
        "Dust bag included",
    ),
    "metal": (
        "Wipe with a soft cloth", "Comes in a gift box", "Avoid contact with water and perfume",
    ),
}  # fmt: skip
SIZES = {
    "clothes": ("XS–XL", "XXS–XXL", "Sizes 0–16", "S, M, L", "Regular and Tall"),
    "shoes": ("Sizes 5–11", "True to size", "Runs small: order half a size up", "EU 36–41"),
    "one": ("One size", "One size fits most", "Gift-ready"),
}
