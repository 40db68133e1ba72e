"""Who competes, and with which settings: the same number for each."""

import json
from pathlib import Path

import pytest

from pkdot.distillers import available_distillers
from pkdot.errors import ConfigError
from pkdot.evidence.contenders import Contender, find_contenders
from pkdot.evidence.regimes import REGIMES
from pkdot.tasks import Classification, Regression
from tests.support.small_campaign import small_campaign


def test_every_method_of_the_kit_competes_with_six_valid_settings() -> None:
    found = {c.name: c for c in find_contenders()}
    assert set(available_distillers()) - {"none"} < set(found)
    for contender in found.values():
        assert len(contender.candidates) == 6
        for changes in contender.candidates:
            config = REGIMES["few"].base.changed(changes)
            if contender.kind == "reference":
                assert config.method == "none"
            taught_by = {"ceiling": "true_labels", "posterior": "posterior"}
            assert config.control == taught_by.get(contender.name, "none")
    tried = [json.dumps(dict(c), sort_keys=True) for c in found["kd"].candidates]
    assert len(set(tried)) == 6
    own = REGIMES["few"].base.changed(found["pkdot:per_sample"].candidates[0])
    assert own.options["pkdot"]["policy"] == "per_sample"
    both = REGIMES["few"].base.changed(found["kd+pkdot"].candidates[-1])
    assert both.options["kd"] == available_distillers()["kd"].settings().model_dump()
    taught = REGIMES["few"].base.changed(found["self_labels:teacher+pkdot"].candidates[0])
    assert taught.options["self_labels"]["shares"] == "teacher", "of the part before the last"
    with pytest.raises(ConfigError, match="every contender has 6"):
        Contender("few", "few", ({},) * 5)
    with pytest.raises(ConfigError, match="named twice"):
        find_contenders(["kd", "kd"])
    with pytest.raises(ConfigError, match="1 to 6 settings, not 7"):
        found["kd"].arms(7)
    picked = [[int(a.name[-1]) for a in found["kd"].arms(n)] for n in range(1, 7)]
    assert picked[:3] == [[0], [0, 3], [0, 2, 4]]
    assert [len(p) for p in picked] == [1, 2, 3, 4, 5, 6]


def test_only_simulated_corpora_have_a_posterior(tmp_path: Path) -> None:
    campaign = small_campaign(tmp_path)
    names = [
        {c.name for c in campaign.contenders_of(REGIMES[name])} for name in ("few", "biovid_all")
    ]
    assert names[1] - names[0] == {"posterior"}


def test_methods_that_need_classes_do_not_compete_where_there_are_none() -> None:
    tasks = (Classification(classes=("a", "b")), Regression(targets=("v",)))
    classes, values = ({c.name for c in find_contenders() if c.suits(task)} for task in tasks)
    assert classes == {c.name for c in find_contenders()}
    lacking = classes - values
    assert {"dkd", "crd"} & lacking
    assert {"alone", "kd", "pkdot", "rows"} <= values
    for name in lacking & set(available_distillers()):
        assert available_distillers()[name].distiller.needs
