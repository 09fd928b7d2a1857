: > e; mkdir -p d/x/y/z g; echo i > g/i; echo 'g/*' > .dockerignore
