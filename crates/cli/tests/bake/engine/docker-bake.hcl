variable "BUNDLES_OUTPUT" { default = "./bundles" }
variable "DOCKER_CROSSPLATFORMS" { default = "" }
variable "APT_MIRROR" {
  default = "cdn-fastly.deb.debian.org"
}
variable "DOCKER_DEBUG" { default = "" }
variable "DOCKER_STATIC" { default = "1" }
# Special target: https://github.com/docker/metadata-action#bake-definition
target "meta-helper" { tags = ["dockereng/bin:dev"] }
variable "VERSION" { default = "" }
variable "DESTDIR" { default = "bundles" }
function "bindir" {
  params = [defaultdir]
  result = DESTDIR != "" ? DESTDIR : "./bundles/${defaultdir}"
}
target "_common" {
  args = {
    BUILDKIT_CONTEXT_KEEP_GIT_DIR = 1
    APT_MIRROR = APT_MIRROR
    DOCKER_DEBUG = DOCKER_DEBUG
    VERSION = VERSION
  }
}
target "_platforms" {
  platforms = [
    "linux/amd64",
    "linux/arm/v5",
    "linux/s390x",
    "windows/amd64"
  ]
}
group "default" { targets = ["binary"] }
target "binary" {
  inherits = ["_common"]
  target = "binary"
  output = [bindir(DOCKER_STATIC == "1" ? "static" : "dynamic")]
}
target "dynbinary" {
  inherits = ["binary"]
  target = "dynbinary"
  output = [bindir("dynbinary")]
  args = { DOCKER_STATIC = "" }
}
target "binary-cross" { inherits = ["binary", "_platforms"] }
target "bin-image-cross" {
  inherits = ["_common", "meta-helper", "_platforms"]
  target = "bin-image"
  output = ["type=image"]
}
group "validate" { targets = ["lint", "vendor"] }
target "lint" { 
  inherits = ["_common"]
  dockerfile = "./hack/dockerfiles/lint.Dockerfile"
  output = ["type=cacheonly"] 
}
target "vendor" { 
  inherits = ["_common"]
  dockerfile = "hack/./dockerfiles//vendor.Dockerfile" 
  context = "https://github.com/moby/moby.git#main:sub"
}
