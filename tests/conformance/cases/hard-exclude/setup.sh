mkdir -p homd d/sub d/q; for f in a.go home.txt homd/x.txt homd/y.md d/sub/keep.txt d/sub/z d/q/r.log d/top; do printf 1 > $f; done
