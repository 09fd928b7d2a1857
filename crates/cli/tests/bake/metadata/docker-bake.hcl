
// as docker/metadata-action and docker/bake-action are used
target "docker-metadata-action" {}
target "image" {
  inherits = ["docker-metadata-action"]
}
target "image-local" {
  inherits = ["image"]
  output = ["type=docker"]
}
group "default" { targets = ["image-local"] }
