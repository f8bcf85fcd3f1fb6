"""What each of the 21 metrics means: formula, direction, reading, use, and what an exam makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"

Order = Literal["a - d", "d - a", "d / a", "a against d", "d alone", "no direction", "no facet"]
"""Which facet comes first: the slip that costs most points and most code reviews."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One Clarify metric. Formulas are LaTeX; a is the advantaged facet, d the disadvantaged, hats are predictions."""

    code: str
    name: str
    stage: Literal["pre-training", "post-training"]
    formula: str
    order: Order
    low: str
    high: str
    balanced: float
    """The value at which the facets are treated alike by this measure."""
    zero: str
    """What the balanced value means."""
    positive: str
    negative: str
    use: str
    exam: str
    source: str
    deviation: str = ""
    """Where AWS's documentation and library part, or the documentation contradicts itself."""


def _metric(code: str, page: str, **rest: object) -> Metric:
    return Metric(code=code, source=f"{_GUIDE}{page}.html", **rest)  # type: ignore[arg-type]


_DIVERGENCE_DEVIATION = (
    "The library leaves out every outcome that one facet never has, and compares what is left without renormalising; "
    "with no outcome in common it reports an error. It also folds several outcomes into positive and other first. "
)

_ALL = (
    _metric(
        "CI",
        "clarify-bias-metric-class-imbalance",
        name="Class imbalance",
        stage="pre-training",
        formula=r"CI = \frac{n_a - n_d}{n_a + n_d}",
        order="a - d",
        low="-1",
        high="1",
        balanced=0.0,
        zero="Both facets have equally many rows.",
        positive="Facet a has more rows: d is under-represented.",
        negative="Facet d has more rows.",
        use="First of all, before looking at any outcome: is there enough data about facet d to learn from?",
        exam="The only metric that ignores the labels. It counts members of facets, not classes of the target: "
        "a rare positive label is another problem.",
        deviation="The guide says that 1 means only facet a is there; the library reports an error for an empty facet.",
    ),
    _metric(
        "DPL",
        "clarify-data-bias-metric-true-label-imbalance",
        name="Difference in proportions of labels",
        stage="pre-training",
        formula=r"DPL = q_a - q_d = \frac{n_a^{(1)}}{n_a} - \frac{n_d^{(1)}}{n_d}",
        order="a - d",
        low="-1",
        high="1",
        balanced=0.0,
        zero="Both facets have the positive label equally often (demographic parity of the labels).",
        positive="Facet a has the positive label more often.",
        negative="Facet d has the positive label more often.",
        use="To see whether the history a model learns from already favours one facet.",
        exam="Labels, so pre-training. Its twin on predicted labels is DPPL. It divides by the size of each facet, "
        "never by the number of positives.",
    ),
    _metric(
        "KL",
        "clarify-data-bias-metric-kl-divergence",
        name="Kullback-Leibler divergence",
        stage="pre-training",
        formula=r"KL(P_a \| P_d) = \sum_y P_a(y)\,\ln\frac{P_a(y)}{P_d(y)}",
        order="a against d",
        low="0",
        high="inf",
        balanced=0.0,
        zero="Both facets have the same distribution of labels.",
        positive="The distributions differ; the value does not say whom that favours.",
        negative="Impossible by the formula; the library can report it when an outcome is missing in one facet.",
        use="When it matters that something common in facet a is rare in facet d: that is where KL explodes.",
        exam="Asymmetric: KL(a, d) is not KL(d, a). Natural logarithm, so nats. Not a comparison of predictions with "
        "labels: it needs no model.",
        deviation=_DIVERGENCE_DEVIATION + "So KL can even be negative there.",
    ),
    _metric(
        "JS",
        "clarify-data-bias-metric-jensen-shannon-divergence",
        name="Jensen-Shannon divergence",
        stage="pre-training",
        formula=r"JS = \tfrac12\left[KL(P_a \| P) + KL(P_d \| P)\right],\quad P = \tfrac12(P_a + P_d)",
        order="no direction",
        low="0",
        high="ln 2",
        balanced=0.0,
        zero="Both facets have the same distribution of labels.",
        positive="The distributions differ; ln 2 = 0.693 means that they share no outcome.",
        negative="Impossible.",
        use="Instead of KL when a symmetric and always finite measure is wanted.",
        exam="Symmetric and bounded, KL is neither. SciPy's jensenshannon is the square root of this value.",
        deviation=_DIVERGENCE_DEVIATION
        + "The guide's overview table gives the range [0, inf), its own page [0, ln 2), and the value ln 2 is reached.",
    ),
    _metric(
        "LP",
        "clarify-data-bias-metric-lp-norm",
        name="Lp-norm",
        stage="pre-training",
        formula=r"L_2(P_a, P_d) = \left(\sum_y |P_a(y) - P_d(y)|^2\right)^{1/2}",
        order="no direction",
        low="0",
        high="sqrt 2",
        balanced=0.0,
        zero="Both facets have the same distribution of labels.",
        positive="The distributions differ; the value does not say whom that favours.",
        negative="Impossible, so it cannot detect reverse bias.",
        use="When labels have several categories and large gaps should weigh more than small ones.",
        exam="Clarify uses p = 2. With two outcomes it is exactly the square root of 2 times |DPL|.",
        deviation=_DIVERGENCE_DEVIATION
        + "The guide's worked formula subtracts counts; meant are proportions, or facets of unequal size would differ "
        "by size alone.",
    ),
    _metric(
        "TVD",
        "clarify-data-bias-metric-total-variation-distance",
        name="Total variation distance",
        stage="pre-training",
        formula=r"TVD = \tfrac12\sum_y |P_a(y) - P_d(y)|",
        order="no direction",
        low="0",
        high="1",
        balanced=0.0,
        zero="Both facets have the same distribution of labels.",
        positive="The share of facet a's outcomes that would have to change to match facet d's.",
        negative="Impossible.",
        use="When labels have several categories and one plain number is wanted: what share would have to change?",
        exam="Half the L1-norm; the half is what is forgotten. With two outcomes TVD = KS = |DPL|.",
        deviation=_DIVERGENCE_DEVIATION + "The guide's worked formula subtracts counts; meant are proportions.",
    ),
    _metric(
        "KS",
        "clarify-data-bias-metric-kolmogorov-smirnov",
        name="Kolmogorov-Smirnov",
        stage="pre-training",
        formula=r"KS = \max_y |P_a(y) - P_d(y)|",
        order="no direction",
        low="0",
        high="1",
        balanced=0.0,
        zero="Both facets have the same distribution of labels.",
        positive="The largest gap at any one outcome.",
        negative="Impossible.",
        use="To find the single outcome with the largest disparity.",
        exam="The maximum over outcomes, not over the cumulative distribution as in the statistical test of that name.",
        deviation=_DIVERGENCE_DEVIATION,
    ),
    _metric(
        "CDDL",
        "clarify-data-bias-metric-cddl",
        name="Conditional demographic disparity in labels",
        stage="pre-training",
        formula=r"CDDL = \frac1n\sum_i n_i\,DD_i,\quad "
        r"DD_i = \frac{n_{d,i}^{(0)}}{n_i^{(0)}} - \frac{n_{d,i}^{(1)}}{n_i^{(1)}}",
        order="d alone",
        low="-1",
        high="1",
        balanced=0.0,
        zero="Within the groups, facet d's share of the rejections equals its share of the acceptances, on average.",
        positive="Facet d is over-represented among the rejections of its groups.",
        negative="Facet d is over-represented among the acceptances of its groups.",
        use="When a third attribute (the department, the product) may explain a gap: to tell Simpson's paradox from "
        "a disparity that stays inside every group.",
        exam="Pre-training, although often called post-training: the twin on predictions is CDDPL. One weighted "
        "average, not a verdict for each group. Needs a group variable.",
        deviation="The guide writes DD_i without any facet in it, which would not depend on who is d; the library "
        "takes d's shares inside each group, and so do we.",
    ),
    _metric(
        "DPPL",
        "clarify-post-training-bias-metric-dppl",
        name="Difference in positive proportions in predicted labels",
        stage="post-training",
        formula=r"DPPL = \hat q_a - \hat q_d = \frac{\hat n_a^{(1)}}{n_a} - \frac{\hat n_d^{(1)}}{n_d}",
        order="a - d",
        low="-1",
        high="1",
        balanced=0.0,
        zero="The model accepts both facets equally often (demographic parity).",
        positive="The model accepts facet a more often.",
        negative="The model accepts facet d more often.",
        use="To compare with DPL: did training shrink the gap that was in the labels, or widen it?",
        exam="Predicted labels only: no true label is needed. The same two proportions divided instead of subtracted "
        "are DI.",
    ),
    _metric(
        "DI",
        "clarify-post-training-bias-metric-di",
        name="Disparate impact",
        stage="post-training",
        formula=r"DI = \frac{\hat q_d}{\hat q_a}",
        order="d / a",
        low="0",
        high="inf",
        balanced=1.0,
        zero="1 means that the model accepts both facets equally often.",
        positive="Above 1 the model accepts facet d more often.",
        negative="Below 1 it accepts facet a more often; below 0.8 fails the four-fifths rule.",
        use="When a rule or a regulator speaks in ratios, as the four-fifths rule of US employment law does.",
        exam="A ratio with d on top: parity is 1, not 0.",
        deviation="The guide's example prints .5/.6 = 0.8; it is 0.833. With nobody accepted at all the library "
        "reports 0, which looks like the worst bias; the ratio is undefined.",
    ),
    _metric(
        "DCA",
        "clarify-post-training-bias-metric-dca",
        name="Difference in conditional acceptance",
        stage="post-training",
        formula=r"DCAcc = c_a - c_d = \frac{n_a^{(1)}}{\hat n_a^{(1)}} - \frac{n_d^{(1)}}{\hat n_d^{(1)}}",
        order="a - d",
        low="-inf",
        high="inf",
        balanced=0.0,
        zero="Observed acceptances stand in the same proportion to predicted ones in both facets.",
        positive="The model is stingier with facet a, measured by its labels.",
        negative="The model is stingier with facet d, measured by its labels.",
        use="To see whether a model, or the people who overrule it, hands out more acceptances to one facet than its "
        "history shows.",
        exam="Observed over predicted, not the other way round. It does not ask whether the right people are accepted: "
        "that is DAR.",
        deviation="The guide calls it DCAcc, the API and the library DCA. The guide's prose about its example swaps "
        "percentages (60 instead of 70 is 14% fewer, not 17%); the values 1/2 and -1/2 are right. A facet of which "
        "nobody is accepted makes it infinite or undefined; the library turns 0/0 and inf - inf into 0.",
    ),
    _metric(
        "DCR",
        "clarify-post-training-bias-metric-dcr",
        name="Difference in conditional rejection",
        stage="post-training",
        formula=r"DCR = r_d - r_a = \frac{n_d^{(0)}}{\hat n_d^{(0)}} - \frac{n_a^{(0)}}{\hat n_a^{(0)}}",
        order="d - a",
        low="-inf",
        high="inf",
        balanced=0.0,
        zero="Observed rejections stand in the same proportion to predicted ones in both facets.",
        positive="The model rejects facet a more than its labels suggest, compared with d.",
        negative="The model rejects facet d more than its labels suggest, compared with a.",
        use="As DCA, when the rejections are what harms.",
        exam="Here d comes first; in DCA a does. The four metrics with d first are DCR, SD, DRR and TE.",
        deviation="A facet of which nobody is rejected makes it infinite or undefined; the library turns 0/0 and "
        "inf - inf into 0.",
    ),
    _metric(
        "RD",
        "clarify-post-training-bias-metric-rd",
        name="Recall difference",
        stage="post-training",
        formula=r"RD = TPR_a - TPR_d = \frac{TP_a}{TP_a + FN_a} - \frac{TP_d}{TP_d + FN_d}",
        order="a - d",
        low="-1",
        high="1",
        balanced=0.0,
        zero="Qualified members of both facets are found equally often (equal opportunity).",
        positive="The model finds more of facet a's qualified members.",
        negative="The model finds more of facet d's qualified members.",
        use="When missing a qualified person is the harm: loans, screening, admissions.",
        exam="Recall = true positive rate = sensitivity. Divide by the observed positives; dividing by the predicted "
        "ones gives DAR.",
        deviation="A facet without any qualified member has no recall; the library counts it as 0.",
    ),
    _metric(
        "SD",
        "clarify-post-training-bias-metric-sd",
        name="Specificity difference",
        stage="post-training",
        formula=r"SD = TNR_d - TNR_a = \frac{TN_d}{TN_d + FP_d} - \frac{TN_a}{TN_a + FP_a}",
        order="d - a",
        low="-1",
        high="1",
        balanced=0.0,
        zero="Unqualified members of both facets are turned away equally often.",
        positive="The model is stricter with facet d: unqualified members of a are let through more often.",
        negative="The model is stricter with facet a.",
        use="When a wrong acceptance is what counts: who gets the benefit of the doubt?",
        exam="d first. A higher specificity of d is bias against d: its members get fewer false positives.",
        deviation="A facet without any unqualified member has no specificity; the library counts it as 0.",
    ),
    _metric(
        "AD",
        "clarify-post-training-bias-metric-ad",
        name="Accuracy difference",
        stage="post-training",
        formula=r"AD = ACC_a - ACC_d = \frac{TP_a + TN_a}{n_a} - \frac{TP_d + TN_d}{n_d}",
        order="a - d",
        low="-1",
        high="1",
        balanced=0.0,
        zero="The model is right equally often about both facets.",
        positive="The model is right more often about facet a.",
        negative="The model is right more often about facet d.",
        use="To see whether the model simply works worse for one facet, for want of data for instance.",
        exam="It cannot tell false positives from false negatives: equal accuracy can hide opposite errors, which TE "
        "shows.",
    ),
    _metric(
        "DAR",
        "clarify-post-training-bias-metric-dar",
        name="Difference in acceptance rates",
        stage="post-training",
        formula=r"DAR = \frac{TP_a}{TP_a + FP_a} - \frac{TP_d}{TP_d + FP_d}",
        order="a - d",
        low="-1",
        high="1",
        balanced=0.0,
        zero="An acceptance is right equally often in both facets (predictive parity).",
        positive="Acceptances in facet a are right more often: d has relatively more false positives.",
        negative="Acceptances in facet d are right more often.",
        use="When an acceptance must mean the same for everybody, for instance the same risk of default.",
        exam="A difference of precisions, despite its name: not of acceptance rates, which is DPPL.",
        deviation="A facet of which nobody is accepted has no precision; the library counts it as 0.",
    ),
    _metric(
        "DRR",
        "clarify-post-training-bias-metric-drr",
        name="Difference in rejection rates",
        stage="post-training",
        formula=r"DRR = \frac{TN_d}{TN_d + FN_d} - \frac{TN_a}{TN_a + FN_a}",
        order="d - a",
        low="-1",
        high="1",
        balanced=0.0,
        zero="A rejection is right equally often in both facets.",
        positive="Rejections in facet d are right more often: a has relatively more false negatives.",
        negative="Rejections in facet a are right more often: d has relatively more false negatives.",
        use="When a wrong rejection is the harm, and one asks how far a rejection can be trusted.",
        exam="d first, and negative predictive values, not shares of people rejected.",
        deviation="The guide's legend calls a's true negatives TPa, and blames negative values on false positives "
        "where false negatives are meant. A facet of which nobody is rejected has no such rate; the library counts 0.",
    ),
    _metric(
        "TE",
        "clarify-post-training-bias-metric-te",
        name="Treatment equality",
        stage="post-training",
        formula=r"TE = \frac{FN_d}{FP_d} - \frac{FN_a}{FP_a}",
        order="d - a",
        low="-inf",
        high="inf",
        balanced=0.0,
        zero="Errors lean the same way in both facets.",
        positive="Facet d's errors lean more towards wrong rejections.",
        negative="Facet a's errors lean more towards wrong rejections.",
        use="When both facets have the same accuracy and one suspects that the errors hurt differently.",
        exam="False negatives over false positives, d first. The older guide had FP/FN with a first, and so have "
        "old notes.",
        deviation="The guide's overview speaks of false positives to false negatives, its formula divides the other "
        "way. Without false positives it is unbounded, without errors undefined; the library turns 0/0 and inf - inf "
        "into 0, so perfect predictions get TE = 0.",
    ),
    _metric(
        "CDDPL",
        "clarify-post-training-bias-metric-cddpl",
        name="Conditional demographic disparity in predicted labels",
        stage="post-training",
        formula=r"CDDPL = \frac1n\sum_i n_i\,\widehat{DD}_i,\quad "
        r"\widehat{DD}_i = \frac{\hat n_{d,i}^{(0)}}{\hat n_i^{(0)}} - \frac{\hat n_{d,i}^{(1)}}{\hat n_i^{(1)}}",
        order="d alone",
        low="-1",
        high="1",
        balanced=0.0,
        zero="Within the groups, facet d's share of predicted rejections equals its share of predicted acceptances.",
        positive="Facet d is over-represented among the predicted rejections of its groups.",
        negative="Facet d is over-represented among the predicted acceptances of its groups.",
        use="As CDDL, for what the model decides.",
        exam="The post-training twin of CDDL. A name that ends in 'predicted labels' is post-training.",
        deviation="Where a model treats a whole group alike there is no rejection (or acceptance) to take a share of; "
        "that half counts as 0, which can dominate the value. The guide is silent about it.",
    ),
    _metric(
        "FT",
        "clarify-post-training-bias-metric-ft",
        name="Counterfactual flip test",
        stage="post-training",
        formula=r"FT = \frac{F^+ - F^-}{n_d}",
        order="d alone",
        low="-1",
        high="1",
        balanced=0.0,
        zero="Refusals and favours that would flip among similar members of facet a balance out.",
        positive="More d members were refused while their nearest neighbours in a were favoured than the reverse.",
        negative="More d members were favoured while their nearest neighbours in a were refused.",
        use="To ask about individuals: would somebody like her have been accepted in the other facet?",
        exam="k nearest neighbours in facet a, divided by the size of facet d. Needs features; labels play no part.",
        deviation="The library has the opposite sign: where the guide gives 1 it gives -1. It refuses text columns, "
        "which become 0/1 columns here first. Features are not scaled, so the column with the largest numbers decides "
        "who is near.",
    ),
    _metric(
        "GE",
        "clarify-post-training-bias-metric-ge",
        name="Generalized entropy",
        stage="post-training",
        formula=r"GE = \frac{1}{2n}\sum_i\left[\left(\frac{b_i}{\bar b}\right)^2 - 1\right],"
        r"\quad b_i = \hat y_i - y_i + 1",
        order="no facet",
        low="0",
        high="(n - 1)/2",
        balanced=0.0,
        zero="Everybody has the same benefit: all predictions right, or all false positives.",
        positive="Benefits are unequal: some are wrongly accepted (2), some wrongly refused (0).",
        negative="Impossible.",
        use="To compare models by how unequally they treat individuals, whatever facet these belong to.",
        exam="The only post-training metric that does not depend on the facet. alpha = 2: half the squared coefficient "
        "of variation.",
        deviation="The guide gives the range 0 to 0.5; it goes up to (n - 1)/2. Undefined if all are false negatives.",
    ),
)

METRICS: Mapping[str, Metric] = {metric.code: metric for metric in _ALL}
"""By Clarify's name, in Clarify's order: eight pre-training, thirteen post-training."""


@dataclass(frozen=True, kw_only=True)
class PrintedExample:
    """A worked example of the developer guide, and whether its printed value is right to two decimals."""

    metric: str
    example: str
    printed: str
    value: float
    right: bool
    note: str = ""


PRINTED_EXAMPLES = (
    PrintedExample(
        metric="KL", example="0.8 ln(0.8/0.3) + 0.2 ln(0.2/0.7)", printed="0.53", value=0.5341108087, right=True
    ),
    PrintedExample(
        metric="KS",
        example="40/40/20% against 20/10/70% rejected, waitlisted, accepted",
        printed="0.5",
        value=0.5,
        right=True,
    ),
    PrintedExample(
        metric="CDDL",
        example="women 46% of the rejected and 32% of the accepted",
        printed="0.14",
        value=0.14,
        right=True,
        note="This is DD, without conditioning. From Berkeley's counts it is 0.1438, and conditioned on the "
        "department -0.0193.",
    ),
    PrintedExample(
        metric="DI",
        example="60% of a and 50% of d accepted",
        printed="0.8",
        value=0.8333333333,
        right=False,
        note="0.5/0.6 is 0.833: rounded to 0.8 it seems to lie on the line of the four-fifths rule, which it clears.",
    ),
    PrintedExample(metric="DPPL", example="60% of a and 50% of d accepted", printed="10%", value=0.1, right=True),
    PrintedExample(
        metric="DCA",
        example="observed 70 and 20, predicted 60 and 30",
        printed="1/2",
        value=0.5,
        right=True,
        note="The prose is off: the model accepts 14% fewer of a (60 instead of 70) and 50% more of d (30 instead "
        "of 20), not 17% and 33%.",
    ),
    PrintedExample(
        metric="DCA",
        example="observed 50 and 40, predicted 60 and 30",
        printed="-1/2",
        value=-0.5,
        right=True,
        note="The prose is off: the model accepts 20% more of a and 25% fewer of d.",
    ),
    PrintedExample(
        metric="DCR",
        example="rejected: observed 40 (d) and 50 (a), predicted 30 and 60",
        printed="1/2",
        value=0.5,
        right=True,
    ),
    PrintedExample(
        metric="DCR",
        example="rejected: observed 20 (d) and 70 (a), predicted 30 and 60",
        printed="-1/2",
        value=-0.5,
        right=True,
    ),
    PrintedExample(metric="RD", example="65/70 - 20/27", printed="0.19", value=0.1878306878, right=True),
    PrintedExample(metric="SD", example="18/23 - 20/30", printed="0.1159", value=0.1159420290, right=True),
    PrintedExample(metric="AD", example="70/100 - 50/100", printed="0.2", value=0.2, right=True),
    PrintedExample(metric="DAR", example="35/70 - 40/100", printed="0.10", value=0.1, right=True),
    PrintedExample(metric="DRR", example="40/50 - 80/100", printed="0", value=0.0, right=True),
    PrintedExample(metric="TE", example="5/2 - 8/6", printed="1.167", value=1.1666666667, right=True),
    PrintedExample(
        metric="GE",
        example="range of values",
        printed="0 to 0.5",
        value=4.5,
        right=False,
        note="Ten people, nine false negatives and one false positive: GE is 4.5, and (n - 1)/2 is the bound.",
    ),
    PrintedExample(
        metric="JS",
        example="range of values in the overview table",
        printed="0 to infinity",
        value=0.6931471806,
        right=False,
        note="The bound is ln 2 = 0.693, as the metric's own page says; two facets without a common outcome reach it.",
    ),
)
"""Every number the guide's metric pages print, checked by the tests against `report` and the formulas."""
