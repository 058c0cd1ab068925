from __future__ import annotations

from impasto.service.at_hand import AtHand


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_nobody_is_at_is_lost_after_a_while() -> None:
    clock = _Clock()
    at_hand = AtHand(10, clock=clock)
    with at_hand.hold("a"):
        assert at_hand.lost(["a", "b"]) == set()
        clock.now += 9.9
        assert at_hand.lost(["a", "b"]) == set()
        clock.now += 0.1
        assert at_hand.lost(["a", "b", "c"]) == {"b"}
        clock.now += 1000
        assert at_hand.lost(["a"]) == set()
    assert at_hand.lost(["a", "b"]) == set()  # from now on
    clock.now += 10
    assert at_hand.lost(["b"]) == {"b"}


def test_what_is_taken_up_in_between_was_not_missed() -> None:
    clock = _Clock()
    at_hand = AtHand(10, clock=clock)
    assert at_hand.lost(["a"]) == set()
    clock.now += 60  # nobody asks meanwhile: the database is away
    with at_hand.hold("a"):
        assert at_hand.lost(["a"]) == set()


def test_what_is_over_is_not_begun_anew_because_the_queue_is_late() -> None:
    clock = _Clock()
    at_hand = AtHand(0, clock=clock)
    with at_hand.hold("a"):
        pass
    assert at_hand.lost(["a"]) == set()
    assert at_hand.lost([]) == set()  # now it knows
    assert at_hand.lost(["a"]) == {"a"}  # given once more


def test_what_is_worked_at_twice_is_held_until_both_end() -> None:
    clock = _Clock()
    at_hand = AtHand(0, clock=clock)
    with at_hand.hold("a"):
        with at_hand.hold("a"):
            pass
        assert at_hand.lost([]) == set()
        assert at_hand.lost(["a"]) == set()
    assert at_hand.lost([]) == set()
    assert at_hand.lost(["a"]) == {"a"}
