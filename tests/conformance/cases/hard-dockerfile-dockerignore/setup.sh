printf 'a\n' > .dockerignore; printf 'b\n' > Dockerfile.dockerignore; printf 1 > a; printf 1 > b
cat > Dockerfile <<'EOF'
FROM busybox AS t
COPY . /c/
RUN cd /c && find . -type f | sort > /o
EOF
