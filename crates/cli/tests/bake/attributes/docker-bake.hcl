
target "default" {
  cache-from = ["user/app:cache", "type=local,src=path/to/cache", { type = "registry", ref = "a/b" }, "type=gha,scope=x"]
  cache-to = ["type=local,dest=path/to/cache,mode=max", { type = "inline" }]
  output = ["type=oci,dest=out.tar,compression=zstd", { type = "image", name = "x", push = false }, "folder", "type=docker"]
  secret = ["id=a,src=file", { id = "b", env = "VAR" }, "id=c,type=env,env=X", "type=file,id=d,src=y", "id=e"]
  ssh = ["default", "key=a,y", { id = "x", paths = ["y"] }]
  attest = ["type=provenance,mode=max", { type = "sbom" }, "type=provenance,disabled=true"]
  contexts = { img = "docker-image://alpine", dir = "../src", git = "https://github.com/a/b.git", t = "target:other" }
  tags = ["b", "a", "b"]
  platforms = ["linux/arm64", "linux/amd64", "linux/arm64"]
  extra-hosts = { my = "8.8.8.8" }
}
target "other" { 
  contexts = { deeper = "target:third" }
}
target "third" {}
