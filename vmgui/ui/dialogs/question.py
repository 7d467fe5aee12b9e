"""What a host asks before it lets us in."""

from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from vmgui.hypervisor.questions import Prompt, Question
from vmgui.insight.uris import name_for
from vmgui.ui.dialogs.dialog import Dialog, field_row
from vmgui.ui.widgets.text import one_line, plain_label

_LABEL_MOST = 60


class QuestionDialog(Dialog):
    """A host's question: a name, a password, a passphrase, or whether its key can be trusted.

    Closing it is a refusal. It closes by itself when the question is settled elsewhere.
    """

    def __init__(self, question: Question, name: str = "", parent: QWidget | None = None) -> None:
        who = one_line(name) or name_for(question.uri)
        super().__init__("question-dialog", f"{who} asks who you are", parent)
        self.question = question
        self._fields: list[QLineEdit] = []
        self._is_yes_no = len(question.prompts) == 1 and _asks_yes_no(question.prompts[0])
        uri = plain_label(question.uri, "mono", "t3", wrap=True, selectable=True)
        self.body.addWidget(uri)
        if self._is_yes_no:
            self.heading.setText(f"Is this really {who}?")
            text = plain_label(question.prompts[0].text, "mono", "t1", wrap=True, selectable=True)
            text.setObjectName("question-text")
            self.body.addWidget(text)
            self.body.addWidget(
                plain_label(
                    "Compare the fingerprint with the host's own. Whoever can stand in for it "
                    "sees all that you send.",
                    "table",
                    "t2",
                    wrap=True,
                )
            )
        else:
            for index, prompt in enumerate(question.prompts):
                self._add_field(index, prompt)
        self.remember = QCheckBox("Remember it in the system's keyring")
        self.remember.setObjectName("question-remember")
        self.remember.setVisible(question.can_be_remembered)
        self.body.addWidget(self.remember)
        self.body.addStretch(1)
        refuse = self.add_button("question-refuse", "Don't connect", self.reject)
        agree = "Trust it and connect" if self._is_yes_no else "Connect"
        answer = self.add_button("question-answer", agree, self._on_answer, "primary")
        if self._fields:
            answer.setDefault(True)
            empty = (field for field in self._fields if not field.text())
            next(empty, self._fields[0]).setFocus()
        else:
            refuse.setDefault(True)
            refuse.setFocus()
        self.rejected.connect(question.refuse)
        question.settled.connect(self._on_settled)

    def _add_field(self, index: int, prompt: Prompt) -> None:
        field = QLineEdit(prompt.default)
        field.setObjectName(f"question-field-{index}")
        if prompt.secret:
            field.setEchoMode(QLineEdit.EchoMode.Password)
        label = one_line(prompt.text)
        if len(label) > _LABEL_MOST:
            self.body.addWidget(plain_label(prompt.text, "body", "t1", wrap=True))
            label = "Answer"
        self.body.addLayout(field_row(label, field))
        self._fields.append(field)

    def _on_answer(self) -> None:
        self.accept()
        self.question.remember = self.remember.isChecked()
        self.question.answer(["yes"] if self._is_yes_no else [f.text() for f in self._fields])

    def _on_settled(self) -> None:
        if self.isVisible():
            self.done(QuestionDialog.DialogCode.Accepted)


def _asks_yes_no(prompt: Prompt) -> bool:
    return not prompt.secret and "(yes/no" in prompt.text
