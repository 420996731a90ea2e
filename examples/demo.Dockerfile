# The demo application: docker build -f examples/demo.Dockerfile -t cutover-demo examples
FROM node:20-bookworm-slim
WORKDIR /app
COPY demo-app.js ./
ENV PORT=8080 VERSION=1.0
USER node
EXPOSE 8080
# exec: node itself gets SIGTERM, and finishes what it has.
CMD ["sh", "-c", "exec node demo-app.js \"$PORT\" \"$VERSION\""]
