
variable "DEFAULT_TAG" { default = "traefik:local" }
variable "BAKE_CI" { default = "" }
locals_are_attributes = ["1.21", "1.22"]
target "build" {
  matrix = { v = locals_are_attributes }
  name = "build-${replace(v, ".", "_")}"
  inherits = ["base", v == "1.22" ? "new" : "old"]
  tags = compact([BAKE_CI != "" ? "ci:${v}" : "", "local:${v}"])
}
target "base" { 
  args = { 
    "quoted-key" = "q"
    (upper("dyn")) = "d"
  } 
  labels = merge({ a = "1" }, BAKE_CI == "" ? {} : { ci = "1" })
}
target "new" { args = { NEW = 1 } }
target "old" { 
  args = { OLD = 1 }
  dockerfile = "Dockerfile.old" 
}
group "default" { targets = ["build", "base"] }
