# One image for every role: `docker run cutover up -c …`, `… frontend …`, `… worker …`, `… check …`.

FROM node:20-bookworm-slim AS build
WORKDIR /cutover
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY workers ./workers
COPY examples ./examples
# Builds too, by the `prepare` script.
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /cutover
COPY --from=build /cutover/package.json ./
COPY --from=build /cutover/node_modules ./node_modules
COPY --from=build /cutover/dist ./dist
COPY examples ./examples
# The registry of versions. Named volumes take their owner from here; systemd's variable is what control heeds.
ENV STATE_DIRECTORY=/var/lib/cutover
RUN mkdir -p -m 0700 "$STATE_DIRECTORY" && chown node:node "$STATE_DIRECTORY"
VOLUME /var/lib/cutover
USER node
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/cutover/dist/src/cli.js"]
CMD ["--help"]
