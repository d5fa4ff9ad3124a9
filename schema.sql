-- crawl.db: what was crawled, what a person said and what experiments predicted.
-- These are facts; everything else (cache/, models/) can be made again from them and from images/.
-- Dates are UTC, as 2026-11-21T08:30:00Z.

create table category (
  id            text primary key,           -- the source's id; of an imported file: the path
  parent        text,                       -- id of the category above; null at the top
  leaf          integer not null check (leaf in (0, 1)),  -- 1: no category lies below
  product_count integer not null default 0, -- distinct products that are in this very category
  path          text not null,              -- ids from below the root to here, joined by '/'
  name          text not null               -- as a shop shows it; need not be unique
);
create index category_by_parent on category (parent);

create table translated_category (          -- names in another language, where the source has them
  category_id text primary key references category,  -- the category
  name        text not null                 -- need not be unique either
) without rowid;

create table product (
  id          text primary key,             -- the source's id, a number or any string
  category_id text references category,     -- the main category: the first by path it was met under
  image       text,                         -- address of its main picture: a URL or a file; null: none
  name        text not null,                -- as the source has it
  description text not null,                -- as the source has it, HTML included
  date        text not null                 -- when it was last fetched
);
create index product_by_category on product (category_id);
create index product_by_image on product (image);

create table product_category (             -- all categories of each product, the main one included
  product_id  text not null references product on delete cascade,  -- the product
  category_id text not null references category,  -- a category it was met under, or names itself
  primary key (product_id, category_id)
) without rowid;
create index product_category_by_category on product_category (category_id);

create table product_image (                -- further pictures of products, beside product.image
  product_id text not null references product on delete cascade,  -- the product
  place      integer not null check (place > 0),  -- 1, 2, 3: in the source's order
  address    text not null,                 -- a URL or a file; the main picture is not repeated
  primary key (product_id, place)
);
create index product_image_by_address on product_image (address);

create table image (
  address text primary key,                 -- as in product.image or product_image.address
  file    text,                             -- path below the images folder; null: not to be had
  sha256  text,                             -- of the file's bytes; equal pictures share one file
  width   integer,                          -- pixels
  height  integer,                          -- pixels
  error   text,                             -- why there is no file
  date    text not null,                    -- when it was fetched, or last tried
  check ((file is null) = (sha256 is null)),
  check ((file is null) = (error is not null))
);

create table image_mark (                   -- what a network of retrain.py says of pictures; none is deleted
  sha256 text primary key,                  -- of the picture's bytes, as in image
  label  text not null,                     -- what categorizers would rather not see, such as zoomed
  score  real not null check (score between 0 and 1),  -- probability of that label
  marked integer not null check (marked in (0, 1)),  -- 1: left out, unless all of a product's are
  model  text not null,                     -- SHA-256 of the network's file
  date   text not null                      -- when it was looked at
) without rowid;

create table given_part (                   -- the split that a catalogue came with; used where asked for
  product_id text primary key references product on delete cascade,  -- the product
  part       text not null check (part in ('train', 'validation', 'test'))  -- of the source's own split
) without rowid;

create table bookmark (                     -- how far each query has been read
  query       text primary key,             -- such as products?cat=belts
  next_offset integer not null,             -- where the next page starts
  finished    integer not null check (finished in (0, 1)),  -- 1: nothing lies beyond
  error       text,                         -- why the last try came no further
  date        text not null,                -- of the last page, or the last try
  total       integer                       -- products there are, as the source says; null: unsaid
);

create table skipped (                      -- what a source offered and could not be used
  kind   text not null,                     -- category, product or image
  item   text not null,                     -- its id, or where it stood
  reason text not null,                     -- why it could not be used
  date   text not null,                     -- when it was last met
  primary key (kind, item)
);

create table experiment (
  id       integer primary key autoincrement,  -- as analyze.py --experiment takes it
  name     text not null,                   -- such as Text classification of: all (39 categories)
  date     text not null,                   -- when it was stored
  kind     text check (kind in ('words', 'images', 'both')),  -- null: of an older program
  split    text,                            -- hash of which product was in which part
  settings text,                            -- JSON: every option, seed included
  versions text,                            -- JSON: of Python and the libraries
  accuracy text,                            -- JSON: share right by part of the split
  seal     text,                            -- SHA-256 of what it predicts; null: of an older program
  seconds  real                             -- features, training and prediction
);

create table predicted_category (           -- one row for each test product of an experiment
  experiment_id integer not null references experiment on delete cascade,  -- the experiment
  product_id    text not null references product,  -- a product of its test part
  category_id   text not null references category,  -- the category predicted for it
  score         real not null check (score between 0 and 1),  -- probability of the category
  primary key (experiment_id, product_id)
) without rowid;

create table predicted_path (               -- scores of the predicted category and of all above it
  experiment_id integer not null references experiment on delete cascade,  -- the experiment
  product_id    text not null references product,  -- a product of its calibration or test part
  height        integer not null check (height >= 0),  -- 0: what was learned, 1: its parent, and so on
  category_id   text not null references category,  -- the category of that height, never the root
  part          text not null check (part in ('calibration', 'test')),  -- of the split
  score         real not null check (score between 0 and 1),  -- probability of that category
  uncalibrated  real not null,              -- the same before the temperature
  primary key (experiment_id, product_id, height)
) without rowid;

create table certificate (                  -- thresholds that hold for products nobody has seen
  experiment_id integer not null references experiment on delete cascade,  -- the experiment
  rule          text not null check (rule in ('level', 'deepest')),  -- what is answered where
  height        integer not null check (height >= 0),  -- as in predicted_path
  target        real not null,              -- accuracy that is kept
  confidence    real not null,              -- with which it is kept
  threshold     real not null,              -- accept where score >= this
  accepted      integer not null,           -- calibration products at that threshold
  wrong         integer not null,           -- of those accepted
  total         integer not null,           -- calibration products
  split         text not null,              -- as in experiment.split
  evidence      text not null,              -- SHA-256 of the scores and truths it was found on
  date          text not null,              -- when it was found
  primary key (experiment_id, rule, height, target, confidence)
) without rowid;

create table decision (                     -- what persons say of labels; of a product the latest counts
  id          integer primary key autoincrement,  -- in the order they were imported
  product_id  text not null references product,  -- the product somebody has looked at
  verdict     text not null check (verdict in ('keep', 'move', 'ambiguous')),  -- ambiguous: not to tell
  category_id text references category,     -- where it belongs, if it is to move
  person      text not null,                -- who decided
  date        text not null,                -- when it was imported
  check ((verdict = 'move') = (category_id is not null))
);
create index decision_by_product on decision (product_id);

create view latest_decision as              -- the decision that counts of each product
  select * from decision where id in (select max(id) from decision group by product_id);

create view ambiguous as                    -- products whose category nobody can tell: never judged
  select product_id from latest_decision where verdict = 'ambiguous';

create view moved as                        -- products that belong elsewhere than where they were met
  select product_id, category_id from latest_decision where verdict = 'move';

create view true_category as                -- categories of each product, as persons have corrected them
  select product_id, category_id from product_category
    where product_id not in (select product_id from latest_decision where verdict <> 'keep')
  union all select product_id, category_id from moved;

create view corrected_product as            -- products with the paths of true_category, a line each
  select product.*, coalesce((
    select group_concat(path, char(10)) from true_category join category on category.id = true_category.category_id
    where product_id = product.id), '') as true_paths
  from product;

create table audit (                        -- random samples of test products, for persons to decide
  experiment_id integer not null references experiment on delete cascade,  -- the experiment audited
  product_id    text not null references product,  -- a product of its sample
  primary key (experiment_id, product_id)
) without rowid;

create table label_search (                 -- searches for wrong labels, of each experiment the latest
  experiment_id integer primary key references experiment on delete cascade,  -- whose features it used
  date          text not null,              -- when it ended
  noise         real,                       -- share of labels that are probably wrong; null: not to tell
  overlaps      text not null,              -- JSON: pairs of categories that might be one, with shares
  evidence      text not null               -- SHA-256 of the labels, texts and pictures it looked at
);

create table suspicion (                    -- labels beside what networks say that have not seen them
  experiment_id integer not null references label_search on delete cascade,  -- of this search
  product_id    text not null references product,  -- any product of its categories
  suspicion     real not null check (suspicion between 0 and 1),  -- higher: rather wrong
  suggested_id  text references category,   -- likeliest category that is not given
  score         real not null check (score between 0 and 1),  -- probability of that category
  given         real not null check (given between 0 and 1),  -- of the given ones together
  primary key (experiment_id, product_id)
) without rowid;

create table neighbour (                    -- products most alike to wrong predictions and suspicious labels
  experiment_id integer not null references experiment on delete cascade,  -- whose features are compared
  product_id    text not null references product,  -- the product in question
  rank          integer not null check (rank > 0),  -- 1: the most alike
  neighbour_id  text not null references product,  -- the other product
  similarity    real not null,              -- cosine of their features: 1 is alike, 0 is not
  primary key (experiment_id, product_id, rank)
) without rowid;

create table outside (                      -- how unlike all the learned categories tested products are
  experiment_id integer not null references experiment on delete cascade,  -- whose categories
  product_id    text not null references product,  -- a test product
  score         real not null,              -- 0 to 1; the higher, the less it is like any of them
  marked        integer not null check (marked in (0, 1)),  -- 1: a person should look, whatever the prediction's score
  primary key (experiment_id, product_id)
) without rowid;

pragma user_version = 7;
