-- crawl.db: crawled products, decisions of people, and predictions of experiments.
-- These are facts; everything else (cache/, models/) can be computed again from them and images/.
-- Dates are UTC, as 2026-11-21T08:30:00Z.

create table category (
  id            text primary key,           -- the source's id; for an imported file: the path
  parent        text,                       -- id of the parent category; null for the root
  leaf          integer not null check (leaf in (0, 1)),  -- 1: no category is below it
  product_count integer not null default 0, -- distinct products in the category itself
  path          text not null,              -- ids from below the root to the category, joined by '/'
  name          text not null               -- as the shop shows it; not necessarily unique
);
create index category_by_parent on category (parent);

create table translated_category (          -- category names in another language, if the source has them
  category_id text primary key references category,  -- the category
  name        text not null                 -- not necessarily unique
) without rowid;

create table product (
  id          text primary key,             -- the source's id, a number or any string
  category_id text references category,     -- the main category: the first by path; null: none
  image       text,                         -- address of its main picture: a URL or a file; null: none
  name        text not null,                -- as in the source
  description text not null,                -- as in the source, HTML included
  date        text not null                 -- when it was last fetched
);
create index product_by_category on product (category_id);
create index product_by_image on product (image);

create table product_category (             -- all categories of each product, the main one included
  product_id  text not null references product on delete cascade,  -- the product
  category_id text not null references category,  -- a category of the product in the source
  primary key (product_id, category_id)
) without rowid;
create index product_category_by_category on product_category (category_id);

create table product_image (                -- further pictures of products, beside product.image
  product_id text not null references product on delete cascade,  -- the product
  place      integer not null check (place > 0),  -- 1, 2, 3 … in the source's order
  address    text not null,                 -- a URL or a file; never the main picture
  primary key (product_id, place)
);
create index product_image_by_address on product_image (address);

create table image (
  address text primary key,                 -- as in product.image or product_image.address
  file    text,                             -- path below the images folder; null: not available
  sha256  text,                             -- of the file's bytes; equal pictures share one file
  width   integer,                          -- pixels
  height  integer,                          -- pixels
  error   text,                             -- why there is no file
  date    text not null,                    -- when it was fetched or last tried
  check ((file is null) = (sha256 is null)),
  check ((file is null) = (error is not null))
);

create table image_mark (                   -- scores of pictures by a network of retrain.py
  sha256 text primary key,                  -- of the picture's bytes, as in image
  label  text not null,                     -- a kind of picture that categorizers leave out, such as zoomed
  score  real not null check (score between 0 and 1),  -- probability of that label
  marked integer not null check (marked in (0, 1)),  -- 1: left out, unless all pictures of the product are marked
  model  text not null,                     -- SHA-256 of the network's file
  date   text not null                      -- when it was scored
) without rowid;

create table given_part (                   -- the split that a catalogue came with, for --given-split
  product_id text primary key references product on delete cascade,  -- the product
  part       text not null check (part in ('train', 'validation', 'test'))  -- in the source's own split
) without rowid;

create table bookmark (                     -- the position up to which each query has been read
  query       text primary key,             -- such as products?cat=belts
  next_offset integer not null,             -- where the next page starts
  finished    integer not null check (finished in (0, 1)),  -- 1: there are no further pages
  error       text,                         -- why the last request failed
  date        text not null,                -- of the last page or failed request
  total       integer                       -- number of products, as the source reports it; null: unknown
);

create table skipped (                      -- entries of a source that could not be used
  kind   text not null,                     -- category, product or image
  item   text not null,                     -- its id, or its place in the source
  reason text not null,                     -- why it could not be used
  date   text not null,                     -- when it was last skipped
  primary key (kind, item)
);

create table experiment (
  id       integer primary key autoincrement,  -- the number for analyze.py --experiment
  name     text not null,                   -- such as Text classification of: all (39 categories)
  date     text not null,                   -- when it was stored
  kind     text check (kind in ('words', 'images', 'both')),  -- null: by an older version
  split    text,                            -- hash of the products and their parts of the split
  settings text,                            -- JSON: every option, seed included
  versions text,                            -- JSON: versions of Python and the libraries
  accuracy text,                            -- JSON: accuracy by part of the split
  seal     text,                            -- SHA-256 of its predictions; null: by an older version
  seconds  real                             -- time for features, training and prediction
);

create table predicted_category (           -- one row for each test product of an experiment
  experiment_id integer not null references experiment on delete cascade,  -- the experiment
  product_id    text not null references product,  -- a product of its test part
  category_id   text not null references category,  -- the category predicted for it
  score         real not null check (score between 0 and 1),  -- probability of the category
  primary key (experiment_id, product_id)
) without rowid;

create table predicted_path (               -- scores of the predicted category and its ancestors
  experiment_id integer not null references experiment on delete cascade,  -- the experiment
  product_id    text not null references product,  -- a product of its calibration or test part
  height        integer not null check (height >= 0),  -- 0: the learned category, 1: its parent, and so on
  category_id   text not null references category,  -- the category at that height, never the root
  part          text not null check (part in ('calibration', 'test')),  -- of the split
  score         real not null check (score between 0 and 1),  -- probability of that category
  uncalibrated  real not null,              -- the score without temperature
  primary key (experiment_id, product_id, height)
) without rowid;

create table certificate (                  -- thresholds that reach an accuracy on unseen products
  experiment_id integer not null references experiment on delete cascade,  -- the experiment
  rule          text not null check (rule in ('level', 'deepest')),  -- level: at one height; deepest: at the lowest safe height
  height        integer not null check (height >= 0),  -- as in predicted_path
  target        real not null,              -- accuracy to reach
  confidence    real not null,              -- confidence with which it is reached
  threshold     real not null,              -- accept where score >= this
  accepted      integer not null,           -- calibration products at that threshold
  wrong         integer not null,           -- of those accepted
  total         integer not null,           -- calibration products
  split         text not null,              -- as in experiment.split
  evidence      text not null,              -- SHA-256 of the scores and labels it was computed from
  date          text not null,              -- when it was computed
  primary key (experiment_id, rule, height, target, confidence)
) without rowid;

create table decision (                     -- decisions of people about labels; of each product, the latest counts
  id          integer primary key autoincrement,  -- in the order they were imported
  product_id  text not null references product,  -- the reviewed product
  verdict     text not null check (verdict in ('keep', 'move', 'ambiguous')),  -- ambiguous: no single category is right
  category_id text references category,     -- the right category, for move; else null
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

create table audit (                        -- random samples of test products for people to review
  experiment_id integer not null references experiment on delete cascade,  -- the audited experiment
  product_id    text not null references product,  -- a product of its sample
  primary key (experiment_id, product_id)
) without rowid;

create table label_search (                 -- the latest search for wrong labels of each experiment
  experiment_id integer primary key references experiment on delete cascade,  -- the experiment with the features
  date          text not null,              -- when it ended
  noise         real,                       -- share of labels that are probably wrong; null: unknown
  overlaps      text not null,              -- JSON: pairs of categories that might be the same, with shares
  evidence      text not null               -- SHA-256 of the examined labels, texts and pictures
);

create table suspicion (                    -- scores of labels by networks that were not trained on them
  experiment_id integer not null references label_search on delete cascade,  -- the experiment of the search
  product_id    text not null references product,  -- a product of the learned categories
  suspicion     real not null check (suspicion between 0 and 1),  -- higher: more likely wrong
  suggested_id  text references category,   -- likeliest category apart from the labels
  score         real not null check (score between 0 and 1),  -- probability of that category
  given         real not null check (given between 0 and 1),  -- probability of the labels together
  primary key (experiment_id, product_id)
) without rowid;

create table neighbour (                    -- products similar to wrong predictions and suspicious labels
  experiment_id integer not null references experiment on delete cascade,  -- the experiment with the features
  product_id    text not null references product,  -- the wrongly predicted or suspicious one
  rank          integer not null check (rank > 0),  -- 1: the most similar
  neighbour_id  text not null references product,  -- the similar product
  similarity    real not null,              -- cosine of their features: 1 is equal, 0 unrelated
  primary key (experiment_id, product_id, rank)
) without rowid;

create table outside (                      -- novelty: how unlike all learned categories test products are
  experiment_id integer not null references experiment on delete cascade,  -- the experiment with the categories
  product_id    text not null references product,  -- a test product
  score         real not null,              -- 0 to 1; higher: less similar to any learned category
  marked        integer not null check (marked in (0, 1)),  -- 1: a person should review it, whatever the score
  primary key (experiment_id, product_id)
) without rowid;

pragma user_version = 7;
