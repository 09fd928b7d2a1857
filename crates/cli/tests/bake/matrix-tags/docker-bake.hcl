
variable "PY" { default = ["3.12", "3.13"] }
variable "VARIANTS" { default = { slim = "-slim", full = "" } }
variable "LATEST" { default = "3.13" }
target "python" {
  matrix = { py = PY, variant = keys(VARIANTS), db = [{ name = "pg", v = 16 }, { name = "my", v = 8 }] }
  name = "python-${sanitize(py)}-${variant}-${db.name}"
  description = "Python ${py}"
  tags = flatten([
    "acme/python:${py}${lookup(VARIANTS, variant, "")}-${db.name}${db.v}",
    py == LATEST && variant == "full" ? ["acme/python:latest-${db.name}", "acme/python:${join(".", slice(split(".", py), 0, 1))}"] : [],
  ])
  args = merge({ BASE = format("python:%s%s", py, VARIANTS[variant]) }, { for k, v in db : upper("db_${k}") => v })
  labels = { "x.${variant}" = jsonencode({ py = py, db = db }) }
  cache-from = ["type=gha,scope=${py}"]
  cache-to = ["type=gha,scope=${py},mode=max"]
}
group "zed" { targets = ["python", "a-target"] }
target "a-target" { 
  contexts = { base = "target:python-3_13-full-pg" } 
  args = { LEN = length(PY), IDX = index(PY, 0), T = "%{ for p in PY ~} ${p} %{ endfor ~}" }
}
