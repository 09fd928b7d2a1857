
variable "COUNT" {
  type = number
  default = 2
  validation {
    condition = COUNT > 1
    error_message = "COUNT must be greater than 1"
  }
}
variable "FLAG" { 
  type = bool
  default = false 
}
variable "NAMES" {
  type = list(string)
  default = ["a"]
}
variable "OBJ" {
  type = object({ name = string, n = optional(number) })
  default = { name = "x" }
}
variable "UNTYPED_BOOL" { default = true }
variable "UNTYPED_NUM" { default = 5 }
variable "DERIVED" { default = "${UNTYPED_NUM + 1}-${PREFIX}" }
variable "NULLED" { default = null }
PREFIX = "p${COUNT}"
target "default" {
  args = {
    COUNT = COUNT + 1
    FLAG = FLAG ? "on" : "off"
    NAMES = join("+", NAMES)
    OBJ = OBJ.name
    B = UNTYPED_BOOL ? 1 : 2
    N = UNTYPED_NUM * 2
    D = DERIVED
    NULLED = NULLED
    SELF = target.base.args.X
    CTX = "${target.base.context}/sub"
  }
}
target "base" { 
  context = "base"
  args = { X = "from-base" } 
}
