"""What the demo's learning system asks: for each exam its questions, for each lab what there is to do."""

from typing import NamedTuple


class Question(NamedTuple):
    """`answers`: the first one is right; they are shown in alphabetical order."""

    text: str
    answers: tuple[str, ...]


EXAMS: dict[str, tuple[Question, ...]] = {
    "fire-safety-test": (
        Question("It burns. What comes first?", ("Warn the others", "Fetch your coat", "Open all windows")),
        Question("Which way out?", ("The marked stairs", "The lift", "The nearest window")),
        Question("A bin burns, and nobody is in danger. You …", ("use the extinguisher", "blow", "carry it outside")),
    ),
    "first-aid-exam": (
        Question("How fast do you press?", ("100 to 120 times a minute", "40 times a minute", "As you breathe")),
        Question("Which number do you call?", ("112", "The switchboard", "The hotline")),
        Question(
            "Somebody breathes, but does not answer. You …",
            ("turn them on their side", "press on the chest", "give water"),
        ),
        Question("A wound bleeds heavily. You …", ("press on it", "rinse it", "wait for help")),
        Question("Who uses the defibrillator?", ("Whoever is there", "Doctors only", "Nobody alone")),
    ),
    "data-protection-test": (
        Question("A list of who is ill goes …", ("to whoever needs it", "to all by e-mail", "on the notice board")),
        Question("You find a memory stick. You …", ("hand it in", "look what is on it", "keep it")),
    ),
    "hand-hygiene-test": (
        Question("How long do you disinfect?", ("30 seconds", "3 seconds", "Until it dries")),
        Question("Gloves replace disinfecting.", ("No", "Yes", "In summer")),
    ),
    "medication-exam": (
        Question("Who checks the name?", ("You, each time", "The pharmacy", "The night shift")),
        Question("A dose was left out. You …", ("report it", "give two", "say nothing")),
        Question("Which medicine is checked by two?", ("Insulin", "Throat lozenges", "None")),
    ),
}
LABS: dict[str, str] = {
    "resuscitation": "Thirty compressions, two breaths, until the light is green.",
    "hoist-practice": "Lift, turn and set down the dummy once, with a colleague.",
    "skid-pad": "Brake on the wet half of the track, and stay in your lane.",
}


def score(exam: str, given: dict[int, str]) -> int:
    """Percent of the questions that were answered rightly; `given`: by the number of the question, from 0."""
    questions = EXAMS[exam]
    right = sum(given.get(number) == question.answers[0] for number, question in enumerate(questions))
    return round(100 * right / len(questions))
