"""A small FastAPI service."""

import os
import sys

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

app = FastAPI(title="python-service", version=os.environ.get("VERSION", "dev"))


class Health(BaseModel):
    status: str
    service: str
    version: str


@app.get("/health")
def health() -> Health:
    return Health(status="ok", service="python-service", version=app.version)


@app.get("/about")
def about() -> dict:
    return {"python": sys.version.split()[0], "uid": os.getuid()}


@app.get("/greet", response_class=PlainTextResponse)
@app.get("/greet/{name}", response_class=PlainTextResponse)
def greet(name: str = "world") -> str:
    return f"Hello, {name}!\n"
