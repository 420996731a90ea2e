# One image for every role: `docker run cutover up -c …`, `… frontend …`, `… worker …`, `… control …`, `… check …`.

FROM node:20-bookworm-slim AS build
WORKDIR /cutover
COPY package.json package-lock.json .npmrc ./
# No install scripts: what is native comes built, in the packages themselves.
RUN npm ci --ignore-scripts
# What .dockerignore lets through, and no more.
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /cutover
COPY --from=build /cutover/package.json ./
COPY --from=build /cutover/node_modules ./node_modules
COPY --from=build /cutover/dist ./dist
COPY examples ./examples
# The registry of versions. Named volumes take their owner from here; systemd's variable is what control heeds.
ENV STATE_DIRECTORY=/var/lib/cutover
RUN mkdir -p -m 0700 "$STATE_DIRECTORY" && chown node:node "$STATE_DIRECTORY" \
  && ln -s /cutover/dist/src/cli.js /usr/local/bin/cutover
VOLUME /var/lib/cutover
USER node
# Node is process 1, and gets it itself: a role drains, and ends.
STOPSIGNAL SIGTERM
# Asks the role that process 1 runs, by its own configuration.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "/cutover/dist/src/healthcheck/main.js"]
ENTRYPOINT ["node", "/cutover/dist/src/cli.js"]
CMD ["--help"]
