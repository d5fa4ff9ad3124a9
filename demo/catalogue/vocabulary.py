"""The wording of each leaf's products: type words, materials and praise.

`exact` type words name the leaf; `loose` ones are shared with its neighbours, or mean another leaf
in other shops. Conditions keep words from contradicting the picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from demo.catalogue.phrases import SIZES


@dataclass(frozen=True, slots=True)
class Words:
    """The wording of one leaf."""

    department: str  # of its brands
    care: str
    price: tuple[float, float]  # usual lowest and highest
    exact: tuple[str, ...]
    loose: tuple[str, ...]
    materials: tuple[str, ...]
    praise: tuple[str, ...]  # sentences that fit this leaf best
    sizes: tuple[str, ...]


# leaf: department, care, sizes, lowest and highest price. "word?a&!b" fits where fact a holds and
# b does not; see true_facts.facts_of.
_TABLE = """
bootcut-jeans: denim cloth clothes 39 198
  exact: Bootcut Jeans, Boot-Cut Jeans, Baby Boot Jeans, Bootcut Denim, Slim Boot Jeans
  loose: Jeans, Denim, Stretch Jeans, High-Rise Jeans, Kick Jeans, Flared Jeans, Mid-Rise Denim
  of: cotton, stretch denim, rigid denim, organic cotton, cotton/elastane
  praise: A subtle kick at the hem leaves room for boots. Fitted through the thigh, then opens
    gently from the knee. Slim to the knee with a hint of flare. Five-pocket styling in broken-in
    denim. Lengthens the leg with a gently wider hem
flare-jeans: denim cloth clothes 39 228
  exact: Flare Jeans, Flared Jeans, Bell-Bottom Jeans, Super Flare Jeans, Flare Denim
  loose: Jeans, Denim, High-Rise Jeans, Kick Jeans, Stretch Jeans, Wide-Leg Jeans, Bootcut Jeans
  of: cotton, stretch denim, rigid denim, organic cotton, cotton/elastane
  praise: Seventies attitude from the knee down. Fitted through the thigh, then opens dramatically
    from the knee. A sweeping hem made for platforms. Five-pocket styling in broken-in denim.
    Lengthens the leg with a wide, swinging hem
skinny-jeans: denim cloth clothes 29 218
  exact: Skinny Jeans, Super-Skinny Jeans, Skinny Ankle Jeans, Ankle Skinny, Jeggings, High-Waist
    Skinny Jeans
  loose: Jeans, Denim, Stretch Jeans, Mid-Rise Denim, Slim Jeans, High-Rise Jeans
  of: cotton, stretch denim, power-stretch denim, cotton/elastane, modal blend
  praise: Hugs every curve from hip to ankle. Tapers to a narrow ankle, ready for boots.
    Super-stretch fabric that snaps back. Five-pocket styling in broken-in denim. Slim through the
    leg with a close fit at the ankle
day-dresses: dress cloth clothes 39 260
  exact: Shirtdress?shirt, Shirt Dress?shirt, Wrap Dress?vee&!shirt, Sundress?sleeveless, Day
    Dress, T-Shirt Dress?short-sleeved&!shirt, Tea Dress, Skater Dress?fullness
  loose: Dress, Midi Dress?midi, A-Line Dress, Fit & Flare Dress?fullness, Sheath?!fullness,
    Belted Dress?sash, Sleeveless Dress?sleeveless, Mini Dress?mini
  of: cotton, linen, viscose, jersey, cotton poplin, chambray, crepe
  praise: Easy enough for Saturday markets. Goes from the office to a picnic. Breezy for warm
    afternoons. Slips on over the head and swings when you walk. A fit-and-flare shape that
    flatters everyone?fullness
cocktail-dresses: dress cloth clothes 69 480
  exact: Cocktail Dress, Party Dress, Little Black Dress?black, Sequin Dress?sequins, Bodycon
    Dress?!fullness, Lace Dress?lace
  loose: Dress, Sheath?!fullness, Fit & Flare Dress?fullness, A-Line Dress, Sleeveless
    Dress?sleeveless, Mini Dress?mini, Midi Dress?midi, Strapless Dress?strapless
  of: crepe, satin, lace, velvet, jersey, chiffon, viscose
  praise: Ready for the dance floor. A wedding-guest favorite. Turns heads at any party. Goes from
    the office to drinks. A fit-and-flare shape that flatters everyone?fullness. Clean lines that
    let your earrings talk
evening-dresses: dress cloth clothes 128 990
  exact: Gown, Evening Gown, Maxi Gown?long, Column Gown?!fullness&!mermaid, Mermaid Gown?mermaid,
    Evening Dress
  loose: Dress, Maxi Dress?long, Strapless Dress?strapless, Long Dress?long, Sequin Dress?sequins
  of: satin, silk, chiffon, tulle, crepe, velvet, lace
  praise: A sweeping, floor-length skirt?long. Made for black-tie nights. An entrance, guaranteed.
    Fluid drape with a dramatic back. A wedding-guest favorite. Turns heads at any party
tees-and-tshirts: top cloth clothes 12 98
  exact: T-Shirt, Tee, Crewneck Tee?!vee, V-Neck Tee?vee, Graphic Tee?print, Pocket Tee?pocket,
    Scoop-Neck T-Shirt?!vee
  loose: Top, Jersey Top?jersey, Striped Top?stripes, Crewneck Top?!vee, Long-Sleeve
    Top?long-sleeved, Shirt, Knit Top
  of: cotton, Pima cotton, slub cotton, jersey, modal, linen, organic cotton
  praise: The softest thing in your drawer. Washed for a lived-in feel. Falls just right, tucked
    or not. Lightweight jersey that layers like a dream. Cut close without clinging
button-front-tops: top cloth clothes 29 210
  exact: Shirt, Blouse, Button-Down Shirt, Button-Front Blouse, Oxford Shirt?cotton&long-sleeved,
    Button-Up Shirt, Poplin Shirt?poplin
  loose: Top, Long-Sleeve Top?long-sleeved, Tunic, Collared Top, Plaid Top?plaid, Cotton
    Top?cotton
  of: cotton, cotton poplin, silk, chambray, linen, flannel, viscose
  praise: A crisp collar and a curved hem. Menswear-inspired with a softer drape. Buttons from
    collar to hem. Roll up the sleeves and go?long-sleeved. Falls just right, tucked or not. Neat
    enough for Monday
polo-tops: top cloth clothes 25 145
  exact: Polo Shirt, Polo?polo, Piqué Polo?piqué, Polo Top, Mesh Polo?piqué
  loose: Shirt, Top, Collared Top, Striped Top?stripes, Knit Top, Short-Sleeve Shirt?short-sleeved
  of: piqué cotton, cotton, stretch piqué, jersey, cotton/elastane, performance knit
  praise: A ribbed collar and a two-button placket. From court to clubhouse. Sporty and polished
    at once. Breathable piqué keeps its shape. Falls just right, tucked or not. Cut close without
    clinging
athletic-tops: sport cloth clothes 19 110
  exact: Training Tank?sleeveless, Running Tee?!sleeveless, Racerback Tank?sleeveless, Workout
    Top, Performance Tee?!sleeveless, Sport Tank?sleeveless, Yoga Top
  loose: Top, Tank?sleeveless, Tee?tee, Long-Sleeve Top?long-sleeved, Polo?polo, Mesh Top?mesh,
    Performance Polo?polo, Crewneck Top?!vee
  of: performance knit, polyester, mesh, nylon/elastane, recycled polyester, jersey, cotton
  praise: Sweat-wicking and quick to dry. Flatlock seams prevent chafing. Keeps up from warm-up to
    cool-down. Reflective details for early miles. Breathable where you need it. Lightweight
    jersey that layers like a dream
athletic-shorts: sport cloth clothes 18 85
  exact: Running Shorts, Training Shorts, Workout Shorts, Gym Shorts, Sport Shorts
  loose: Shorts, Mesh Shorts?mesh, Woven Shorts, Drawstring Shorts, Bottoms
  of: performance knit, polyester, mesh, nylon/elastane, recycled polyester, ripstop
  praise: Sweat-wicking and quick to dry. Elastic waistband with an inner cord. Built-in brief and
    a hidden key pocket. Keeps up from warm-up to cool-down. Reflective details for early miles.
    Side vents for a full stride
petite-tops: top cloth clothes 19 120
  exact: Petite Top, Petite Blouse?shirt, Petite Tee?tee, Petite Shirt?!tee, Top (Petite), Blouse
    (Regular & Petite)?shirt
  loose: Top, Blouse, Tee?tee, Polo?polo, Shirt, Short-Sleeve Top?short-sleeved, Collared Top,
    Knit Top
  of: cotton, jersey, viscose, cotton poplin, piqué cotton, modal, linen
  praise: Scaled for frames of 5'4" and under. Proportioned shorter in the sleeve and body. Falls
    just right, tucked or not. Cut close without clinging. Neat enough for Monday. The softest
    thing in your drawer
mini-skirts: top cloth clothes 25 168
  exact: Mini Skirt, Miniskirt, A-Line Mini Skirt?!pleats, Pleated Mini Skirt?pleats, Circle
    Mini?hem
  loose: Skirt, A-Line Skirt?!pleats, Skater Skirt?hem, Pleated Skirt?pleats, Pencil Skirt?!hem
  of: cotton, wool blend, corduroy, suede, denim, jersey, crepe
  praise: Hits well above the knee. A flirty hem with just enough swing. Sits at the natural
    waist. Back zip with hook-and-eye. Fully lined. Short, sweet and twirl-ready
cardigan-sweaters: knit cloth clothes 39 310
  exact: Cardigan, Button Cardigan?!open, Open-Front Cardigan?open, V-Neck Cardigan, Boyfriend
    Cardigan
  loose: Sweater, Knit, Cable-Knit Sweater?cable, Wool Sweater?wool, Open Sweater?open, Topper
  of: merino wool, cashmere, cotton, wool blend, alpaca blend, acrylic blend, mohair
  praise: Button up or wear it open. The layer you'll keep on the back of your chair. Ribbed trim
    and roomy pockets?pocket. A cozy layer for every season. Feels as soft as it looks
turleneck-sweaters: knit cloth clothes 39 330
  exact: Turtleneck, Turtleneck Sweater, Roll-Neck Sweater
  loose: Sweater, Knit, Pullover, Ribbed Sweater?rib, Cable-Knit Sweater?cable, Wool Sweater?wool
  of: merino wool, cashmere, cotton, wool blend, alpaca blend, acrylic blend, mohair
  praise: A fold-over collar that skips the scarf. Slim enough to layer under a blazer. Ribbed at
    the cuffs and hem. A cozy layer for every season. Feels as soft as it looks
raincoats-and-trenchcoats: outer cloth clothes 89 690
  exact: Trench Coat, Trench, Raincoat, Belted Trench, Double-Breasted Trench Coat, Rain Jacket
  loose: Coat, Jacket, Mac, Belted Coat, Topper, Outerwear
  of: cotton gabardine, cotton twill, waxed cotton, nylon, polyester, wool blend
  praise: Storm flap, epaulettes and a belted waist. Water-repellent for drizzly commutes.
    Double-breasted with horn-effect buttons. The coat that outlasts trends. Cinch the belt and
    head out
hats: accessory cloth one 15 145
  exact: Hat, Fedora?hat&dent, Beanie?beanie, Baseball Cap?cap, Sun Hat?hat&brim, Floppy
    Hat?hat&brim&!dent, Bucket Hat?hat&!brim&!dent, Cap?cap, Panama Hat?hat&dent&straw
  loose: Headwear, Topper?hat, Knit Cap?beanie, Winter Warmer?beanie, Sun Shade?hat&brim
  of: wool felt?hat, straw?hat, raffia?hat, cotton?!beanie, cashmere?beanie, acrylic blend?beanie,
    wool blend?beanie, cotton twill?cap
  praise: Tops off any outfit. Keeps the sun off your face?!beanie. Packable for weekends away.
    Finished with a ribbon at the crown?hat. Warm without the itch?beanie
sunglasses: accessory metal one 15 390
  exact: Sunglasses, Cat-Eye Sunglasses?cat, Aviator Sunglasses?drop, Round
    Sunglasses?!square&!drop, Oversized Sunglasses, Shades
  loose: Frames, Eyewear, Aviators?drop, Cat-Eye Frames?cat
  of: acetate, metal, recycled plastic, plastic, titanium
  praise: 100% UV protection. Gradient lenses and sturdy hinges. Hides the late night. Comes with
    a hard case. Keeps the sun off your face?!beanie
necklaces: jewel metal one 18 420
  exact: Necklace, Pendant Necklace?pendant, Chain Necklace?!beads, Statement Necklace, Beaded
    Necklace?beads, Pendant?pendant, Collar Necklace?!length
  loose: Chain?!beads, Lariat?length, Charm?pendant, Choker?!length, Pearls?beads&pearls, Jewelry
    Gift Set
  of: gold-plated brass, sterling silver, gold vermeil, freshwater pearl, glass beads
  praise: Catches the light at the collarbone. Lobster clasp with an extender. Layer it with your
    favorites. Delicate enough for every day. Nickel free
watches: jewel metal one 49 650
  exact: Watch, Leather Strap Watch?!bracelet, Bracelet Watch?bracelet, Chronograph
    Watch?chronograph, Chronograph?chronograph, Round Watch?!square
  loose: Timepiece, Leather Strap?!bracelet, Mesh Bracelet?bracelet, Jewelry Gift Set
  of: stainless steel, leather, gold-plated steel, rose-gold-tone steel
  praise: Quartz movement, water resistant to 30 meters. A slim case and a date window. Never be
    late again. Delicate enough for every day. Nickel free
tote-bags: bag leather one 35 520
  exact: Tote, Tote Bag, Leather Tote?leather, Shopper Tote, Reversible Tote?!charm, Work Tote,
    Canvas Tote?canvas
  loose: Bag, Shopper, Carryall, Handbag, Purse, Satchel, Shoulder Tote, Leather Bag?leather
  of: leather, canvas, pebbled leather, vegan leather, saffiano leather, nylon, straw
  praise: Room for a laptop and then some. Open top with a magnetic snap. Twin handles fit over
    the shoulder. Carries you from work to weekend. Interior zip pocket and two slip pockets.
    Protective metal feet
shoulder-bags: bag leather one 39 690
  exact: Shoulder Bag, Flap Shoulder Bag?flap&shoulder-bag, Chain Shoulder Bag?chain&shoulder-bag,
    Baguette Bag?shoulder-bag, Saddle Bag?shoulder-bag&flap, Convertible Shoulder Bag
  loose: Bag, Handbag, Purse, Satchel, Hobo, Shoulder Tote, Leather Bag?leather, Crossbody
  of: leather, pebbled leather, vegan leather, suede, quilted leather, canvas, saffiano leather
  praise: Adjustable strap for shoulder or crossbody wear. Flap front with a turn-lock?flap. Just
    the right size for the essentials. Carries you from work to weekend. Interior zip pocket and
    two slip pockets. Slouchy in the nicest way
backpacks: bag leather one 29 360
  exact: Backpack, Mini Backpack, Leather Backpack?leather, Rucksack, Daypack
  loose: Bag, Pack, Carryall, Knapsack, Leather Bag?leather
  of: leather, canvas, nylon, vegan leather, waxed cotton, recycled polyester
  praise: Adjustable padded straps. Room for a laptop and then some. Hands free, head high. Front
    zip pocket for keys and cards. Interior zip pocket and two slip pockets. Top carry handle
pumps: shoe leather shoes 39 595
  exact: Pumps, Pump, Pointed-Toe Pumps?pointed, Court Shoes, Block-Heel Pumps?block, Kitten-Heel
    Pumps?!high-heeled
  loose: Heels?heeled, Heel?heeled, Shoes, Dress Shoes, Stilettos?high-heeled&!block
  of: leather, patent leather, suede, satin, vegan leather, snakeskin-effect leather
  praise: Slips on and goes anywhere. A pointed toe and a slender heel?pointed&!block. Cushioned
    insole for long days. Polished to perfection. From boardroom to ballroom. A flattering low
    vamp
sandals: shoe leather shoes 25 495
  exact: Sandals, Sandal, Slide Sandals?!ankle, Strappy Sandals?straps, Wedge
    Sandals?wedge&heeled, Gladiator Sandals?ankle&!heeled, Ankle-Strap Sandal?ankle
  loose: Shoes, Slides?!ankle, Wedges?wedge&heeled, Heels?heeled, Espadrilles?cork, Flats?!heeled
  of: leather, suede, cork, vegan leather, raffia, metallic leather
  praise: Made for bare feet and warm evenings. Cushioned footbed molds to your foot. Adjustable
    ankle strap?ankle. Pack them for the beach. Open toe with crossed bands. Polished to
    perfection
womens-sneakers: shoe leather shoes 35 240
  exact: Sneakers, Sneaker, High-Top Sneakers?high, Running Shoes?runner, Canvas Sneakers?canvas,
    Trainers
  loose: Shoes, Kicks, High-Tops?high, Lace-Ups, Court Shoes, Flats?!heeled
  of: canvas, leather, mesh, knit, suede, recycled polyester
  praise: Vulcanized rubber sole. Laces up over a padded tongue. Bouncy foam midsole. Walk all
    day, every day. Cushioned footbed molds to your foot. Fresh out of the box
boots: shoe leather shoes 59 690
  exact: Boots, Ankle Boots?!shaft, Chelsea Boots?elastic&!laces, Booties?!shaft, Bootie?!shaft,
    Combat Boots?laces, Riding Boots?shaft, Knee-High Boots?shaft
  loose: Shoes, Heels?heeled, Lace-Ups?laces, Chelseas?elastic&!laces, Knee-Highs?shaft
  of: leather, suede, nubuck, vegan leather, patent leather, waxed leather
  praise: Stacked heel and a side zip?!laces&!elastic. Elastic gores for an easy
    fit?elastic&!laces. Stomp through puddles. Lug sole for traction?lug. Cushioned insole for
    long days. Pull tab at the back
"""


def _read() -> dict[str, Words]:
    words = {}
    for block in re.split(r"\n(?=\S)", _TABLE.strip()):
        head, *fields = re.sub(r"\n {4}", " ", block).split("\n  ")
        leaf, _, kind = head.partition(": ")
        department, care, sizes, low, high = kind.split()
        lists = {key: text for key, _, text in (field.partition(": ") for field in fields)}
        words[leaf] = Words(
            department=department,
            care=care,
            price=(float(low), float(high)),
            exact=tuple(lists["exact"].split(", ")),
            loose=tuple(lists["loose"].split(", ")),
            materials=tuple(lists["of"].split(", ")),
            praise=tuple(lists["praise"].split(". ")),
            sizes=SIZES[sizes],
        )
    return words


VOCABULARY = _read()
