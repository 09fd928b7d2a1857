
group "default" { targets = ["app", "extra"] }
target "app" { 
  args = { W = "2" } 
  platforms = ["linux/amd64"]
}
target "extra" { inherits = ["app"] }
