"""The machine client by which the demo's learning system reports, made through the public interface (SEC-5)."""

from pathlib import Path
from uuid import uuid4

from services.cli.client import Client
from services.suite.own_secrets import keep_learning_system, learning_system

_PERMISSIONS = ["read-assignments", "report-progress"]


def fill(client: Client, folder: Path) -> None:
    """Nothing where its secret is kept already. A secret is told once: where it was lost on the way, there is another."""
    if learning_system(folder):
        return
    new = {"name": "Demo learning system", "permissions": _PERMISSIONS}
    made = client.send("POST", "/api/directory/clients", json=new, headers={"Idempotency-Key": "demo-learning-system"})
    id, secret = made["result"]["client_id"], made["client_secret"]
    if secret is None:
        again = {"Idempotency-Key": str(uuid4())}
        secret = client.send("POST", f"/api/directory/clients/{id}/secrets", json={}, headers=again)["client_secret"]
    keep_learning_system(folder, id, secret)
