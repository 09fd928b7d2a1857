package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGreeting(t *testing.T) {
	for name, want := range map[string]string{"": "Hello, world!", "Ada": "Hello, Ada!"} {
		if got := greeting(name); got != want {
			t.Errorf("greeting(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestHealth(t *testing.T) {
	answer := httptest.NewRecorder()
	routes().ServeHTTP(answer, httptest.NewRequest("GET", "/health", nil))
	if answer.Code != 200 || !strings.Contains(answer.Body.String(), `"status":"ok"`) {
		t.Errorf("/health: %d %s", answer.Code, answer.Body)
	}
}
