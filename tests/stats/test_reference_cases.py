"""Every reference number of the design's case file: inputs, expected values, tolerance and source stand there."""

import json
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_counts import equal_trials
from rejected_methods import (
    betting_wealth,
    clopper_pearson,
    mcnemar_corrected,
    newcombe_10,
    obuchowski_chi_square,
    ppi_mean,
    ppi_weight,
)
from scipy.stats import chi2, t, wilcoxon

from evalkit.stats.agreement import (
    Confusion,
    cohen_kappa,
    grader_rates,
    gwet_ac1,
    majority_of_three_error,
    regrade_stability,
)
from evalkit.stats.corrected import rogan_gladen
from evalkit.stats.counts import Counts
from evalkit.stats.estimate import Estimate
from evalkit.stats.exact import task_drop, within_task_permutation
from evalkit.stats.mean import mean_interval
from evalkit.stats.multiplicity import benjamini_hochberg, holm
from evalkit.stats.paired import per_task_differences, run_precision, suite_change, tango, tango_statistic
from evalkit.stats.power import (
    candidate_trials_for_drop,
    expected_within_variance,
    paired_t_power,
    tasks_for_population_drop,
    trials_for_drop,
)
from evalkit.stats.proportion import (
    intraclass_correlation,
    pass_at_k,
    pass_at_k_of_task,
    pass_hat_k,
    pass_hat_k_of_task,
    pass_rate,
    wilson,
)
from evalkit.stats.ratio import bill_ratio
from evalkit.stats.sequential import plan_looks, round_information, spent_error

CASES = Path(__file__).parents[2].parent / "shared" / "design" / "statistics-cases.json"

Given = Mapping[str, Any]
Found = dict[str, float | Sequence[float] | None]


def ends(estimate: Estimate) -> Found:
    return {"low": estimate.low, "high": estimate.high}


def run_of(given: Given) -> Counts:
    return equal_trials(tuple(given["successes_per_task"]), given["trials_per_task"])


def two_runs(given: Given) -> tuple[Counts, Counts]:
    baseline, candidate = tuple(given["x_baseline"]), tuple(int(x) for x in given["x_candidate"])
    if "trials" in given:
        return equal_trials(baseline, given["trials"]), equal_trials(candidate, given["trials"])
    return (
        Counts(successes=baseline, trials=tuple(given["n_baseline"])),
        Counts(successes=candidate, trials=tuple(int(n) for n in given["n_candidate"])),
    )


def a_wilson_interval(given: Given) -> Found:
    return ends(wilson(given["successes"], given["n"], given["confidence"]))


def an_exact_interval(given: Given) -> Found:
    low, high = clopper_pearson(given["successes"], given["n"], given["confidence"])
    return {"low": low, "high": high}


def a_standard_error(given: Given) -> Found:
    rate = pass_rate(run_of(given))
    assert rate.se is not None
    uncorrected = rate.se * np.sqrt((rate.tasks - 1) / rate.tasks)
    return {"rate": rate.interval.estimate, "se": rate.se, "se_cr0": float(uncorrected)}


def a_cluster_t_interval(given: Given) -> Found:
    return ends(mean_interval(run_of(given).rates, given["confidence"]))


def a_pass_rate(given: Given) -> Found:
    rate = pass_rate(run_of(given), given["confidence"])
    own: Found = {"rate": rate.interval.estimate, "n_eff": rate.interval.n, "design_effect": rate.design_effect}
    return own | ends(rate.interval)


def pass_hat_of_suite(given: Given) -> Found:
    return {f"pass_hat_{k}": pass_hat_k(run_of(given), k).interval.estimate for k in (1, 2, 3, 4)}


def pass_at_of_suite(given: Given) -> Found:
    return {f"pass_at_{k}": pass_at_k(run_of(given), k).interval.estimate for k in (1, 2, 3, 4)}


def passes_of_one_task(given: Given) -> Found:
    n, c, k = given["n"], given["c"], given["k"]
    return {"pass_at_k": pass_at_k_of_task(n, c, k), "pass_hat_k": pass_hat_k_of_task(n, c, k)}


def an_intraclass_correlation(given: Given) -> Found:
    return {"icc_moment": intraclass_correlation(run_of(given))}


def mcnemar(given: Given) -> Found:
    """Tango's statistic at no change and the permutation of single trials are McNemar's."""
    losses, wins = given["baseline_only"], given["candidate_only"]
    statistic = tango_statistic(losses, wins, losses + wins + given["both_pass"] + given["both_fail"], 0.0) ** 2
    test = within_task_permutation(
        equal_trials((1,) * losses + (0,) * wins, 1), equal_trials((0,) * losses + (1,) * wins, 1)
    )
    return {
        "chi2": statistic,
        "p_asymptotic": float(chi2.sf(statistic, 1)),
        "chi2_cc": mcnemar_corrected(losses, wins),
        "p_exact": 2 * test.p,
    }


def a_tango_interval(given: Given) -> Found:
    interval = tango(given["losses"], given["wins"], given["n"], given["confidence"])
    return {"diff": interval.estimate} | ends(interval)


def newcombe_of(given: Given, confidence: float) -> tuple[float, float]:
    cells = (given["both_pass"], given["baseline_only"], given["candidate_only"], given["both_fail"])
    return newcombe_10(*cells, confidence)


def a_newcombe_interval(given: Given) -> Found:
    n = given["both_pass"] + given["baseline_only"] + given["candidate_only"] + given["both_fail"]
    low, high = newcombe_of(given, given["confidence"])
    return {"diff": (given["candidate_only"] - given["baseline_only"]) / n, "low": low, "high": high}


def both_paired_intervals(given: Given) -> Found:
    n = given["both_pass"] + given["baseline_only"] + given["candidate_only"] + given["both_fail"]
    score = tango(given["baseline_only"], given["candidate_only"], n, 0.95)
    low, high = newcombe_of(given, 0.95)
    return {
        "diff": score.estimate,
        "newcombe10_low": low,
        "newcombe10_high": high,
        "tango_low": score.low,
        "tango_high": score.high,
    }


def a_permutation(given: Given) -> Found:
    baseline, candidate = two_runs(given)
    test = within_task_permutation(baseline, candidate)
    return {"sum_diff": sum(candidate.successes) - sum(baseline.successes), "p_exact": test.p, "p_midp": test.mid_p}


def a_paired_t(given: Given) -> Found:
    differences = per_task_differences(*two_runs(given))
    interval = mean_interval(differences, 0.90)
    se = float(np.std(differences, ddof=1)) / len(differences) ** 0.5
    statistic, df = interval.estimate / se, len(differences) - 1
    return {
        "mean_diff": interval.estimate,
        "se": se,
        "t": statistic,
        "df": df,
        "p_two_sided": 2 * float(t.sf(abs(statistic), df)),
    } | ends(interval)


def a_suite_change(given: Given) -> Found:
    baseline, candidate = two_runs(given)
    change = suite_change(baseline, candidate, given["confidence"])
    a, b = run_precision(baseline), run_precision(candidate)
    own: Found = {"n_eff_baseline": a.n_eff, "n_eff_candidate": b.n_eff, "diff": change.estimate}
    spread: Found = {"within_var_baseline": a.within_variance, "within_var_candidate": b.within_variance}
    return own | spread | ends(change)


def clustered_mcnemar(given: Given) -> Found:
    statistic = obuchowski_chi_square(given["losses_per_cluster"], given["wins_per_cluster"])
    return {"chi2": statistic, "p_two_sided": float(chi2.sf(statistic, 1))}


def a_bill_ratio(given: Given) -> Found:
    interval = bill_ratio(given["cost_baseline"], given["cost_candidate"], given["confidence"]).interval
    log_ratio = float(np.log(interval.estimate))
    quantile = float(t.ppf((1 + given["confidence"]) / 2, interval.n - 1))
    se = (float(np.log(interval.high)) - log_ratio) / quantile
    return {"ratio": interval.estimate, "log_ratio": log_ratio, "se_log": se} | ends(interval)


def a_signed_rank_test(given: Given) -> Found:
    result = wilcoxon(given["x"], given["y"], alternative="greater", method="exact")
    return {"W_plus": float(result.statistic), "p": float(result.pvalue)}


def adjusted(given: Given) -> Found:
    return {"holm": holm(given["p"]), "bh": benjamini_hochberg(given["p"])}


def one_task(given: Given) -> Found:
    return {"p": task_drop(given["x_baseline"], given["trials"], given["x_candidate"], given["trials"]).p}


def miller(given: Given) -> Found:
    n = tasks_for_population_drop(
        given["delta"],
        between=given["omega2"],
        baseline_noise=given["sigmaA2"],
        candidate_noise=given["sigmaB2"],
        alpha=given["alpha"] / given["sides"],
        power=given["power"],
    )
    return {"n": n, "n_ceil": ceil(n)}


def planned_trials(given: Given) -> Found:
    within = expected_within_variance(given["mu"], given["icc"])
    n = trials_for_drop(given["T"], within, given["delta"], given["alpha"], given["power"])
    return {"within_var": within, "n_exact": n, "n": ceil(n)}


def planned_candidate_trials(given: Given) -> Found:
    n = candidate_trials_for_drop(
        given["T"],
        expected_within_variance(given["mu"], given["icc"]),
        given["delta"],
        baseline_trials=given["n_baseline"],
        alpha=given["alpha"],
        power=given["power"],
    )
    return {"n_exact": n, "n": ceil(n)}


def a_t_power(given: Given) -> Found:
    return {"power": paired_t_power(given["T"], given["delta"], given["sd"], given["alpha"])}


def looks_at(given: Given) -> Found:
    looks = plan_looks(given["info"], given["alpha"])
    return {"z": [look.z for look in looks], "nominal_p": [look.nominal_p for look in looks]}


def looks_by_round(given: Given) -> Found:
    information = round_information(given["n_baseline"], given["K"])
    looks = plan_looks(information, given["alpha"])
    spent = [look.spent for look in looks]
    return {"info": information, "cumulative_alpha": spent} | looks_at({"info": information, "alpha": given["alpha"]})


def spent(given: Given) -> Found:
    return {"spent": [spent_error(share, given["alpha"]) for share in given["t"]]}


def an_e_process(given: Given) -> Found:
    return {"wealth": betting_wealth(given["d"], given["lam"]), "reject_at": 1 / 0.05}


def a_confusion(given: Given) -> Found:
    counts = Confusion(true_pass=given["tp"], false_pass=given["fp"], false_fail=given["fn"], true_fail=given["tn"])
    rates = grader_rates(counts, given["confidence"])
    assert rates.sensitivity is not None
    assert rates.specificity is not None
    found: Found = {
        name: estimate.estimate
        for name, estimate in (
            ("sensitivity", rates.sensitivity),
            ("specificity", rates.specificity),
            ("ppv", rates.ppv),
            ("npv", rates.npv),
            ("accuracy", rates.accuracy),
            ("youden", rates.youden),
        )
        if estimate is not None
    }
    return found | {
        "sens_low": rates.sensitivity.low,
        "sens_high": rates.sensitivity.high,
        "spec_low": rates.specificity.low,
        "spec_high": rates.specificity.high,
    }


def chance_corrected(given: Given) -> Found:
    kappa, ac1 = cohen_kappa(given["table"]), gwet_ac1(given["table"])
    assert kappa is not None
    # Scott's pi takes Σπ² for chance, AC1 (1 - Σπ²)/(k - 1).
    scott_chance = 1 - ac1.expected * (len(given["table"]) - 1)
    return {
        "percent_agreement": kappa.observed,
        "kappa": kappa.value,
        "kappa_se": kappa.se,
        "ac1": ac1.value,
        "ac1_se": ac1.se,
        "scott_pi": (ac1.observed - scott_chance) / (1 - scott_chance),
    }


def a_rogan_gladen_estimate(given: Given) -> Found:
    true_pass, true_fail = round(given["sensitivity"] * given["m1"]), round(given["specificity"] * given["m0"])
    calibration = Confusion(
        true_pass=true_pass,
        false_fail=given["m1"] - true_pass,
        true_fail=true_fail,
        false_pass=given["m0"] - true_fail,
    )
    passed = round(given["p"] * given["n"])
    interval = rogan_gladen(passed, given["n"], calibration, given["confidence"]).interval
    return {"estimate": interval.estimate} | ends(interval)


def unlabelled_of(given: Given) -> list[int]:
    counts = given["verdicts_unlabelled"]
    return [1] * counts["ones"] + [0] * counts["zeros"]


def tuned_ppi(given: Given) -> Found:
    unlabelled = unlabelled_of(given)
    weight = ppi_weight(given["labels"], given["verdicts_labelled"], unlabelled)
    estimate, low, high = ppi_mean(given["labels"], given["verdicts_labelled"], unlabelled, weight, given["confidence"])
    return {"lam": weight, "estimate": estimate, "low": low, "high": high}


def plain_ppi(given: Given) -> Found:
    found: Found = {}
    for name, weight in (("ppi", 1.0), ("classical", 0.0)):
        answers = ppi_mean(
            given["labels"], given["verdicts_labelled"], unlabelled_of(given), weight, given["confidence"]
        )
        found |= {f"{name}_{end}": value for end, value in zip(("estimate", "low", "high"), answers, strict=True)}
    return found


def regrading(given: Given) -> Found:
    stability = regrade_stability(given["pass_counts"], given["regrades"])
    passed = sum(given["pass_counts"]) / (given["regrades"] * len(given["pass_counts"]))
    identity = 1 - stability.flip_rate.estimate / (2 * passed * (1 - passed))
    return {
        "flip_rate": stability.flip_rate.estimate,
        "fleiss_kappa": stability.fleiss_kappa,
        "identity_check": identity,
    }


def majority(given: Given) -> Found:
    return {"error": [majority_of_three_error(q) for q in given["q"]]}


ANSWERS: dict[str, Callable[[Given], Found]] = {
    "wilson_81_263": a_wilson_interval,
    "wilson_0_20": a_wilson_interval,
    "wilson_1_29": a_wilson_interval,
    "clopper_pearson_0_20": an_exact_interval,
    "cluster_se_ds1": a_standard_error,
    "cluster_t_ci_ds1": a_cluster_t_interval,
    "cluster_wilson_t_ds1": a_pass_rate,
    "cluster_all_pass": a_pass_rate,
    "pass_hat_k_tau_airline": pass_hat_of_suite,
    "icc_from_pass_hat": an_intraclass_correlation,
    "pass_at_k_tau_airline": pass_at_of_suite,
    "passk_5_2_2": passes_of_one_task,
    "passk_20_1_10": passes_of_one_task,
    "passk_3_3_3": passes_of_one_task,
    "mcnemar_agresti_pm": mcnemar,
    "tango_40_20_160": a_tango_interval,
    "tango_ahr": a_tango_interval,
    "newcombe_paired_ahr": a_newcombe_interval,
    "tang2010": both_paired_intervals,
    "chang2024": both_paired_intervals,
    "tango_no_discordance": a_tango_interval,
    "within_task_permutation_ds1": a_permutation,
    "paired_cluster_t_ds1": a_paired_t,
    "suite_mover_ds1": a_suite_change,
    "suite_mover_unequal_trials": a_suite_change,
    "obuchowski_thyroid": clustered_mcnemar,
    "cost_ratio_of_totals": a_bill_ratio,
    "wilcoxon_depression": a_signed_rank_test,
    "holm_bh": adjusted,
    "per_task_min_p_5": one_task,
    "per_task_min_p_7": one_task,
    "miller_sample_size": miller,
    "plan_suite_trials": planned_trials,
    "plan_suite_trials_stored_baseline": planned_candidate_trials,
    "power_paired_t": a_t_power,
    "ldof_3_looks": looks_at,
    "ldof_rounds_5": looks_by_round,
    "spending_of_values": spent,
    "betting_wealth": an_e_process,
    "grader_confusion": a_confusion,
    "kappa_paradox": chance_corrected,
    "kappa_abstractors": chance_corrected,
    "rogan_gladen_80": a_rogan_gladen_estimate,
    "ppi_plus_plus": tuned_ppi,
    "ppi_lambda_1": plain_ppi,
    "regrade_flip_rate": regrading,
    "majority_of_three": majority,
}


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    if not CASES.is_file():
        pytest.skip("the design's reference numbers are not beside this checkout")
    return {case["id"]: case for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]}


def test_every_reference_case_has_its_answer(cases: dict[str, Any]) -> None:
    assert set(cases) == set(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_the_reference_number(name: str, cases: dict[str, Any]) -> None:
    case = cases[name]

    found = ANSWERS[name](case["inputs"])

    expected = case["expected"]
    assert {key: found.get(key) for key in expected} == {
        key: pytest.approx(value, abs=case["abs_tol"], rel=0) for key, value in expected.items()
    }
