mkdir -p keep/x src/gen empty; for f in keep/a keep/x/tmp keep/tmp src/m.rs src/m.c src/gen/a.rs src/gen/b.rs empty/f abs odd2 zz; do printf 1 > $f; done
printf '\357\273\277# comment\n*\n!keep\nkeep/**/tmp\n!src/**/*.rs\nsrc/gen\n!src/gen/a.rs\n!empty\nempty/**\n/abs\n!./odd/../odd2\n' > .dockerignore
