"""Hostile texts in every field of a shop, and a site that shows all of them."""

from __future__ import annotations

import sqlite3

import numpy as np

from product_classifier.predictions import (
    Experiment,
    LabelSearch,
    PathScores,
    Prediction,
    SimilarProduct,
)
from product_classifier.records import Category, Decided, Image, Product
from product_classifier.selection import CALIBRATION, TEST
from product_classifier.store.decisions import import_decisions
from product_classifier.store.experiments import save_experiment
from product_classifier.store.label_errors import save_label_search
from product_classifier.store.products import save_images
from tests.conftest import save_import

HIT = "window.hit=1"
ATTACKS = (
    f"<script>{HIT}</script>",
    f"</title><script>{HIT}</script>",
    f"</style><script>{HIT}</script>",
    f"</textarea><script>{HIT}</script>",
    f"--><script>{HIT}</script>",
    f"]]><script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f'"><img src=x onerror={HIT}>',
    f"'><img src=x onerror={HIT}>",
    f'" onmouseover="{HIT}" autofocus onfocus="{HIT}',
    f"' onmouseover='{HIT}",
    f"<svg onload={HIT}>",
    f"<svg><script>{HIT}</script></svg>",
    f"<svg><animate onbegin={HIT} attributeName=x dur=1s>",
    f"<math><mtext><img src=x onerror={HIT}></mtext></math>",
    f"<details open ontoggle={HIT}>",
    f"<iframe srcdoc='<script>parent.{HIT}</script>'></iframe>",
    "<iframe src=http://127.0.0.1:9/></iframe>",
    "<img src=http://127.0.0.1:9/a.png>",
    "<link rel=stylesheet href=http://127.0.0.1:9/a.css>",
    "<style>@import 'http://127.0.0.1:9/a.css'</style>",
    "<style>*{background:url(http://127.0.0.1:9/a.png)}</style>",
    "<base href=http://127.0.0.1:9/>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    f"javascript:{HIT}",
    f"<a href=javascript:{HIT}>x</a>",
    f"<form action=javascript:{HIT}><button autofocus onfocus={HIT}>",
    f"{{{{ ''.__class__ }}}}{{% raw %}}<script>{HIT}</script>",
    f"&lt;script&gt;{HIT}&lt;/script&gt;",
    f"\u202e<script>{HIT}</script>\u2028${{{HIT}}}",
)


def hostile_shop(db: sqlite3.Connection) -> int:
    """Fill a database whose every field attacks; returns the number of its experiment."""
    tree = [Category(id="root", name=ATTACKS[0], parent=None, path="", leaf=False)]
    tree += [Category(id=text, name=text, parent="root", path=text, leaf=True) for text in ATTACKS]
    products = [
        Product(
            id=f"{number} {text}",
            name=text,
            description=f"<p>{text}</p>{text}",
            categories=(text,),
            image=f"http://x/{text}",
        )
        for number, text in enumerate(ATTACKS * 2)
    ]
    save_import(db, tree, products, [], ATTACKS[1])
    save_images(
        db, [Image(address=product.image or "", error=ATTACKS[2]) for product in products[:5]]
    )
    ids = [product.id for product in products]
    count = len(ids)
    wrong = np.roll(np.arange(count), 1) % len(ATTACKS)
    score = np.linspace(0.3, 0.9, count)[:, None]
    parts = {CALIBRATION: slice(0, count // 2), TEST: slice(count // 2, count)}
    paths = [
        PathScores(
            part=part,
            products=ids[rows],
            categories=ATTACKS,
            answers=wrong[rows, None],
            score=score[rows],
            uncalibrated=score[rows],
        )
        for part, rows in parts.items()
    ]
    predictions = [Prediction(ids[k], ATTACKS[wrong[k]], 0.5) for k in range(count)[parts[TEST]]]
    alike = [SimilarProduct(id, 1, ids[0], 0.99) for id in ids]
    settings = {text: text for text in ATTACKS}
    name, split = "".join(ATTACKS), ATTACKS[3]
    number = save_experiment(
        db,
        Experiment(
            name=name,
            kind="words",
            split=split,
            settings=settings,
            versions={},
            seconds=1,
            accuracy={},
            predictions=predictions,
            paths=paths,
            alike=alike,
        ),
    )
    suggested = [ATTACKS[k] for k in wrong]
    overlaps = [(ATTACKS[k], ATTACKS[k + 1], 0.5) for k in range(len(ATTACKS) - 1)]
    half = np.full(count, 0.5)
    search = LabelSearch(
        products=ids,
        suspicion=half,
        suggested=suggested,
        score=half,
        label_score=half,
        noise=0.5,
        overlaps=overlaps,
        alike=alike,
    )
    save_label_search(db, number, search, "")
    import_decisions(db, [Decided(2, ids[-1], "ambiguous")], ATTACKS[4])
    return number
