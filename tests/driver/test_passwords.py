"""What a person wants remembered, in a keyring that is a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

from vmgui.hypervisor import passwords
from vmgui.hypervisor.auth import Attempt, Credentials
from vmgui.hypervisor.questions import Prompt, Question

URI = "qemu+tcp://far/system"
PROMPTS = (Prompt("Username"), Prompt("Password", secret=True))


class FileKeyring(KeyringBackend):
    """Keeps passwords in a file; where the file's folder is missing it is as good as locked."""

    priority = -1  # never chosen by itself
    path: Path

    def get_password(self, service: str, username: str) -> str | None:
        values = json.loads(self.path.read_text()) if self.path.exists() else {}
        value = values.get(f"{service}|{username}")
        return None if value is None else str(value)

    def set_password(self, service: str, username: str, password: str) -> None:
        try:
            self.path.write_text(json.dumps({f"{service}|{username}": password}))
        except OSError as error:
            raise KeyringError("locked") from error


@pytest.fixture(autouse=True)
def ring(tmp_path: Path) -> Iterator[FileKeyring]:
    before = keyring.get_keyring()
    backend = FileKeyring()
    backend.path = tmp_path / "ring"
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


async def attempt(remember: bool, *values: str) -> tuple[list[Question], tuple[str, ...] | None]:
    asked: list[Question] = []

    def ask(question: Question) -> None:
        asked.append(question)
        question.remember = remember
        question.answer(values)

    attempt = Attempt(Credentials(URI, ask))
    answers = await attempt.answers(PROMPTS)
    await attempt.keep_answers()
    return asked, answers


async def test_a_remembered_answer_is_not_asked_for_again() -> None:
    asked, _ = await attempt(True, "me", "s3cret")
    assert len(asked) == 1
    asked, answers = await attempt(True, "never", "asked")
    assert not asked
    assert answers == ("me", "s3cret")


async def test_what_shall_not_be_remembered_is_not() -> None:
    await attempt(False, "me", "s3cret")
    asked, _ = await attempt(False, "me", "s3cret")
    assert len(asked) == 1


async def test_an_answer_that_the_host_did_not_like_is_asked_for_anew() -> None:
    await attempt(True, "me", "old")
    asked: list[Question] = []

    def ask(question: Question) -> None:
        asked.append(question)
        question.answer(["me", "new"])

    again = Attempt(Credentials(URI, ask))
    assert await again.answers(PROMPTS) == ("me", "old")
    assert await again.answers(PROMPTS) == ("me", "new")
    assert len(asked) == 1


async def test_a_keyring_that_fails_is_as_good_as_none(ring: FileKeyring, tmp_path: Path) -> None:
    ring.path = tmp_path / "missing" / "ring"
    await passwords.keep(URI, PROMPTS, ["me", "s3cret"])
    assert await passwords.find(URI, PROMPTS) is None


async def test_the_trust_in_a_hosts_key_is_never_kept() -> None:
    question = Question(URI, [Prompt("Are you sure (yes/no)?")])
    assert not question.can_be_remembered
    assert await passwords.find(URI, question.prompts) is None
