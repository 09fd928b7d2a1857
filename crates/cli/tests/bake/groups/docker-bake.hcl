# the classic
variable "TAG" { default = "latest" }
variable "REGISTRY" {
  default = "docker.io/acme"
  description = "Where images go"
}
variable "NOTHING" {}
group "default" {
  targets = ["app", "tools"]
}
group "tools" { targets = ["db", "linter"] }
group "all" { targets = ["default", "docs"] }

target "_common" {
  args = {
    GO_VERSION = "1.24"
    FROM_VARIABLE = TAG
    NOTHING = NOTHING
    NUMBER = 3
    YES = true
  }
  labels = { "org.opencontainers.image.source" = "https://example.org/x" }
  pull = true
}
target "app" {
  inherits = ["_common"]
  context = "./app"
  dockerfile = "Dockerfile.app"
  args = { GO_VERSION = "1.25", EXTRA = "a ${TAG} b" }
  tags = ["${REGISTRY}/app:${TAG}", equal(TAG, "latest") ? "" : "${REGISTRY}/app:latest", notequal("", NOTHING) ? "x:${NOTHING}" : ""]
  platforms = ["linux/amd64", "linux/arm64"]
}
target "db" {
  inherits = ["_common"]
  context = "db"
  target = "release"
  no-cache = false
  no-cache-filter = ["build"]
  tags = [for t in ["a", "b"] : "db:${t}"]
}
target "linter" {
  dockerfile-inline = <<EOT
FROM alpine
RUN echo "${TAG}" $${literal}
EOT
  output = ["type=cacheonly"]
  network = "none"
  shm-size = "64m"
  ulimits = ["nofile=1024:1024"]
  extra-hosts = { a = "1.2.3.4" }
  annotations = ["manifest:x=y"]
  entitlements = ["network.host"]
  call = "check"
  description = "Checks the code"
}
target "docs" {
  inherits = ["_common", "linter"]
  dockerfile-inline = <<-EOT
    FROM scratch
      COPY . /
    EOT
}
