
target "default" {
  args = { B = "3", C = "4" }
  tags = ["c:1"]
  secret = ["id=b,env=B"]
}
