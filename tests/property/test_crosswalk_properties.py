"""What holds of profile ids whatever happens to the records: checked on random histories."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.weeks import Weeks

RECORDS = "abcdefgh"
EXAMPLES = settings(max_examples=8, deadline=None)


@st.composite
def partitions(draw, records=RECORDS, *, whole=False):
    """Some of the records in random groups, as "ab c"."""
    present = records if whole else "".join(r for r in records if draw(st.booleans())) or records[0]
    groups = {}
    for record in present:
        groups.setdefault(draw(st.integers(0, 3)), []).append(record)
    return " ".join("".join(group) for group in groups.values())


histories = st.lists(partitions(), min_size=1, max_size=4)


def after(history):
    weeks = Weeks()
    for clusters in history:
        ids = weeks.run(clusters)
    return weeks, ids


@EXAMPLES
@given(histories, st.integers(0, 5))
def test_the_order_of_rows_and_the_numbers_of_clusters_do_not_matter(history, seed):
    weeks, _ = after(history[:-1] or history)
    other, _ = after(history[:-1] or history)
    assert weeks.run(history[-1]) == other.run(history[-1], shuffle=seed)
    assert weeks.memory["register_before"].sort_by("profile_id") == other.memory["register_before"].sort_by(
        "profile_id"
    )


@EXAMPLES
@given(histories)
def test_a_run_repeated_changes_no_id_and_logs_nothing(history):
    weeks, ids = after(history)
    assert weeks.run(history[-1]) == ids
    assert weeks.events == []


@EXAMPLES
@given(histories)
def test_each_group_has_one_id_and_no_two_groups_share_one(history):
    _, ids = after(history)
    groups = history[-1].split()
    assert all(len({ids[record] for record in group}) == 1 for group in groups)
    assert len(set(ids.values())) == len(groups)


@EXAMPLES
@given(histories)
def test_an_unrelated_record_changes_no_id(history):
    weeks, ids = after(history)
    later = weeks.run(history[-1] + " z")
    assert {record: later[record] for record in ids} == ids


@EXAMPLES
@given(histories)
@example(["ce", "df", "ef", "ab f"])  # f came back to a profile that was not its own, and left again
def test_records_that_leave_change_no_other_id_and_return_to_their_own(history):
    weeks, ids = after(history)
    groups = history[-1].split()
    left = " ".join(group[1:] for group in groups if group[1:])
    if left:
        remaining = weeks.run(left)
        assert remaining == {record: ids[record] for record in remaining}
        assert weeks.run(history[-1]) == ids


@EXAMPLES
@given(histories)
@example(["a", "d f", "cdf", "e f"])  # a profile of which only a record that had merged into it is left
def test_merging_everybody_and_splitting_again_gives_every_id_back(history):
    weeks, ids = after(history)
    weeks.run("".join(ids))
    assert weeks.run(history[-1]) == ids
    assert set(weeks.aliases).isdisjoint(ids.values())


@EXAMPLES
@given(histories, partitions(whole=True))
def test_a_decision_taken_and_taken_back_leaves_every_id_as_it_was(history, other):
    """Whatever groups a decision leads to, the groups before it bring the ids before it."""
    weeks, ids = after(history)
    present = {record for record in ids}
    parts = [[r for r in group if r in present] for group in other.split()]
    weeks.run(" ".join("".join(part) for part in parts if part))
    back = weeks.run(history[-1])
    kept = sum(back[record] == ids[record] for record in ids)
    assert kept == len(ids) or _was_torn(parts, history[-1])


def _was_torn(parts, clusters):
    """A decision that tears groups apart and mixes their parts decides anew which part is the person."""
    groups = [set(group) for group in clusters.split()]
    return any(sum(bool(set(part) & group) for part in parts) > 1 for group in groups)


@EXAMPLES
@given(histories)
def test_aliases_end_at_once_and_ids_are_founded_once(history):
    weeks, _ = after(history)
    assert set(weeks.aliases).isdisjoint(weeks.aliases.values())
    minted = weeks.memory["register_before"]["profile_id"].to_pylist()
    assert len(minted) == len(set(minted))
