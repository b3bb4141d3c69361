# SPDX-License-Identifier: GPL-2.0-or-later
"""What is started, and ended whatever happens meanwhile."""


class Lifetime:
    """A with statement starts it; its end, or a start that fails, ends it."""

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        """Returns when it can be used."""
        raise NotImplementedError

    def end(self):
        """Gives back what start() got; may be called twice."""
        raise NotImplementedError
