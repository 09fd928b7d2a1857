from fastapi.testclient import TestClient

from app.main import app

client = TestClient(app)


def test_health():
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_greet():
    assert client.get("/greet").text == "Hello, world!\n"
    assert client.get("/greet/Ada").text == "Hello, Ada!\n"
