"""A learner's commands: `python -m quizzes export deck.apkg [topic ...]` writes the flashcards as an Anki package."""

import sys
from pathlib import Path

from content import ContentError, default_catalog
from quizzes.export import write_package


def main(arguments: list[str]) -> None:
    """Run the command that the arguments name."""
    match arguments:
        case ["export", target, *topics] if target.endswith(".apkg"):
            try:
                catalog = default_catalog()
                if unknown := [slug for slug in topics if slug not in catalog.topics]:
                    sys.exit(f"found topic {', '.join(unknown)}, wanted of: {', '.join(catalog.topics)}")
                count = write_package(Path(target), catalog, topics or None)
            except (ContentError, OSError) as error:
                sys.exit(str(error))
            print(f"{count:,} cards written to {target}")
        case _:
            sys.exit("wanted: python -m quizzes export <deck>.apkg [<topic> ...]")


if __name__ == "__main__":
    main(sys.argv[1:])
