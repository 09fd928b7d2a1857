
group "default" { targets = ["app", "lib"] }
target "app" {
  name = "app-${tgt}-${replace(version, ".", "-")}"
  matrix = {
    tgt = ["lint", "build"]
    version = ["1.0", "2.0"]
  }
  target = tgt
  args = { VERSION = version }
  tags = ["app:${tgt}-${version}"]
}
target "lib" {
  name = "lib-${item.os}"
  matrix = {
    item = [
      { os = "alpine", base = "alpine:3.20", n = 1 },
      { os = "debian", base = "debian:12", n = 2 },
    ]
  }
  contexts = { base = "docker-image://${item.base}", app = "target:app-build-1-0" }
  args = { N = item.n, ODD = item.n % 2 == 1 ? "odd" : "even" }
}
