mkdir -p w/d1 w/d2/deep; for f in w/.hid w/a w/d1/x w/d2/y w/d2/deep/z 'v[1].txt'; do printf 1 > "$f"; done; printf 'Dockerfile\n.dockerignore\n' > .dockerignore
