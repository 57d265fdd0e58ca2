"""YAML that somebody sent: read whole or refused with a reason, never a crash."""

from typing import Any

import yaml

DEEPEST = 30
"""Lists and maps within one another."""


class NoYaml(ValueError):
    """What was sent is no YAML that Rollbook takes; the text says why, and fits behind 'The file'."""


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NoYaml(f"is nested more than {DEEPEST} levels deep")
        found = super().compose_node(parent, index)
        self.depth -= 1
        return found


def read_yaml(content: bytes) -> object:
    """Raises NoYaml, also for a day that no calendar has and for a number of too many digits."""
    try:
        return yaml.load(content.decode(), _Loader)
    except NoYaml:
        raise
    except UnicodeDecodeError as error:
        raise NoYaml(f"is not UTF-8: invalid byte at offset {error.start}. Save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise NoYaml(f"is not valid YAML: {str(error).splitlines()[0]}") from error
    except (ValueError, OverflowError, TypeError, AttributeError) as error:
        raise NoYaml(f"has a value that cannot be read: {error}") from error
