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
USER node
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/cutover/dist/src/cli.js"]
CMD ["--help"]
