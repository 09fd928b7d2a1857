for f in f; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
real
l2
EOF
mkdir real; printf x > real/in; ln -s real l1; ln -s f l2; ln -s l2 l3
