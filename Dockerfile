# Forewarn as an image: built with a compiler, run without one, as a user without rights, on a file system that may be
# read-only. What it writes is under /data (the embedded log; with Kafka nothing). docs/operations.md has the commands.

# Debian with Node: TensorFlow has no build for musl, so not Alpine.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
# auto, official, wheel, or wasm: how native TensorFlow is brought (docs/decisions/0002-native-tensorflow.md)
ARG FOREWARN_NATIVE=auto
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates g++ python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# Packages and the library before the sources, so that a change of these does not fetch those again.
COPY package.json package-lock.json .npmrc ./
COPY bin ./bin
RUN npm ci --include=dev
COPY deploy/native.mjs ./deploy/
# The cache goes in the same step: what was linked from it into node_modules stays, once.
RUN FOREWARN_CACHE=/tmp/cache node deploy/native.mjs && rm -rf /tmp/cache
COPY tsconfig.json tsconfig.build.json ./
COPY simulators ./simulators
COPY src ./src
# A fifth of the packages are maps of their sources.
RUN node bin/build && npm prune --omit=dev && find node_modules -name '*.map' -delete

FROM ${NODE_IMAGE}
ARG FOREWARN_NATIVE=auto
ENV NODE_ENV=production \
    FOREWARN_NATIVE=${FOREWARN_NATIVE} \
    FOREWARN_LOG_DIR=/data
RUN install -d -o node -g node -m 0750 /data
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE NOTICE CHANGELOG.md ./
COPY models ./models
COPY deploy/healthcheck.mjs ./deploy/
USER node
# The library loads here too, without the compiler: else no image.
RUN node dist/src/main.js doctor
VOLUME /data
EXPOSE 1883 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/app/deploy/healthcheck.mjs", "live"]
# Node itself is the process that gets the signals: SIGTERM drains, commits and ends within 10 s.
ENTRYPOINT ["node", "--enable-source-maps", "/app/dist/src/main.js"]
CMD ["up"]
