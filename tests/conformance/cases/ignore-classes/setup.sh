for f in a1 c1 d1 a2 b2 '*star' star 'q?' qq 'x]y'; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
[a-c]1
[^a]2
\*star
q\?
x[\]]y
EOF
