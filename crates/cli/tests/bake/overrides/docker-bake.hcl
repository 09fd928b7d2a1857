
target "default" {
  context = "."
  args = { A = "1", B = "2" }
  tags = ["a:1", "b:1"]
  platforms = ["linux/amd64"]
  secret = ["id=a,src=x"]
}
