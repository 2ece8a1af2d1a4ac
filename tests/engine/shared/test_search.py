"""The search finds the lowest setting that reaches a score, in few encodes."""

import pytest

from ir_build.engine.shared.search import NEAR, Search


def rising(quality):
    """Scores that rise with the quality, steeply at first."""
    return 99 * (quality / 99) ** 0.5


def looked_for(target, guess, near=NEAR):
    """What is found, and how many encodes it took."""
    tried = []

    def encode(quality):
        tried.append(quality)
        return bytes([quality])

    search = Search(encode, lambda data: rising(data[0]), target, low=1, high=99, guess=guess)
    found = search.within(near)
    assert len(tried) == len(set(tried))
    return found, len(tried)


@pytest.mark.parametrize("target", [0.0, 33.0, 50.0, 77.5, 90.0, 99.0])
@pytest.mark.parametrize("guess", [1, 50, 99])
def test_the_lowest_that_reaches_the_target_is_found(target, guess):
    """The answer reaches the target and little more, in few encodes."""
    found, tries = looked_for(target, guess)
    assert found.data == bytes([found.quality])
    assert found.score == rising(found.quality) >= target
    lowest = next(quality for quality in range(1, 100) if rising(quality) >= target)
    assert found.score <= rising(lowest) + 0.6 or found.quality <= lowest + 1
    assert tries <= 12


@pytest.mark.parametrize("guess", [-5, 0, 100, 1000])
def test_a_guess_out_of_range_is_as_good_as_its_end(guess):
    """The setting always stays within the encoder's range."""
    found, _ = looked_for(50.0, guess)
    assert 50 <= found.score < 51


def test_contentment_saves_encodes():
    """With more room above the target fewer encodes are made, and the room is kept to."""
    exact, many = looked_for(77.5, 90, near=0.0)
    found, few = looked_for(77.5, 90, near=5.0)
    assert few < many
    assert exact.score <= found.score <= 82.5


def test_what_is_hopeless_ends_the_search():
    """Whoever knows from a file and its score that none will do saves the other encodes."""
    tried = []

    def encode(quality):
        tried.append(quality)
        return bytes([quality])

    found = Search(
        encode, lambda data: rising(data[0]), 90, low=1, high=99, guess=50,
        hopeless=lambda data, reached: data[0] > 40 and reached < 90,
    ).within()  # fmt: skip
    assert found is None
    assert tried == [50]


def test_what_cannot_be_reached_has_no_answer():
    """When even the highest setting misses the target there is none."""
    search = Search(lambda q: bytes([q]), lambda data: 40.0, 80, low=1, high=99, guess=50)
    assert search.within() is None


def test_scores_that_do_not_rise_end_the_search_all_the_same():
    """Whatever is found reaches the target, and no setting is tried twice."""
    for seed in range(50):
        tried = []

        def encode(quality, tried=tried):
            tried.append(quality)
            return bytes([quality])

        def jumping(data, seed=seed):
            return float((data[0] * 37 + seed * 11) % 100)

        found = Search(encode, jumping, 60, low=1, high=99, guess=50).within()
        assert found is None or found.score >= 60
        assert len(tried) == len(set(tried))


def test_a_search_goes_on_where_it_ended():
    """To come nearer takes fewer encodes than to begin anew, and ends as near."""
    tried = []

    def encode(quality):
        tried.append(quality)
        return bytes([quality])

    search = Search(encode, lambda data: rising(data[0]), 77.5, low=1, high=99, guess=90)
    rough = search.within(5.0)
    assert 78 < rough.score <= 82.5
    few = len(tried)
    near = search.within(0.5)
    assert near.score <= 78
    assert len(tried) == len(set(tried)) > few
    again = len(tried)
    assert search.within(0.5) == search.within(5.0) == near
    assert len(tried) == again


@pytest.mark.parametrize(("rise", "second"), [(0.5, 94), (1.0, 72)])
def test_the_first_step_up_follows_the_usual_rise(rise, second):
    """Who knows how fast an encoder's scores rise saves an encode far above the target."""
    tried = []

    def encode(quality):
        tried.append(quality)
        return bytes([quality])

    def score(data):
        return float(data[0])

    assert (
        Search(encode, score, 71.5, low=1, high=99, guess=50, rise=rise).within(0.6).quality == 72
    )
    assert tried[:2] == [50, second]
