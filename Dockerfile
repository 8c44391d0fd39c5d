# Targets: cpu (the last stage, so the default) and gpu. docs/container.md says how to build and run them.
# There is no "syntax" line: it would make BuildKit fetch its front end from a public registry, whatever mirror is set.
ARG REGISTRY=docker.io/library
ARG BUILD_IMAGE=${REGISTRY}/node:24.21.0-bookworm-slim
ARG RUNTIME_IMAGE=${REGISTRY}/node:24.21.0-bookworm-slim


FROM ${BUILD_IMAGE} AS tools
# What stands before /debian and /debian-security in the sources of apt.
ARG DEBIAN_MIRROR=http://deb.debian.org
# Node and npm then trust the system's certificates, which the secret "ca" may replace in each step that downloads.
ENV NODE_OPTIONS=--use-openssl-ca SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
RUN --mount=type=cache,id=apt-archives,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=apt-lists,target=/var/lib/apt/lists,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
    && find /etc/apt -name '*.sources' -o -name sources.list | xargs sed -i "s|http://deb.debian.org|${DEBIAN_MIRROR}|" \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends binutils ca-certificates g++ libjpeg62-turbo-dev python3-pip
WORKDIR /app


# The packages that a start needs: those that the service runs with, and those that it is compiled with.
FROM tools AS packages
ARG NPM_CONFIG_REGISTRY
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=cache,id=npm,target=/root/.npm \
    npm ci --omit=dev --no-progress


# The packages that the service runs with, without what only browsers, debuggers and compilers read.
FROM packages AS production
RUN rm -r node_modules/@types node_modules/@typescript node_modules/esbuild node_modules/@esbuild node_modules/node-api-headers \
    && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' \) -delete \
    && find node_modules/@tensorflow -type f \( -name '*.min.js' -o -name '*.html' -o -name '*.es2017.js' -o -name '*.fesm.js' \) -delete


# The set-up's cache is mounted for this step only. Its libraries are copied out of it, then stripped.
FROM packages AS native-cpu
ARG PIP_INDEX_URL
COPY native native
COPY scripts scripts
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=pipconf,target=/etc/pip.conf \
    --mount=type=cache,id=setup,target=/root/.cache/xception-serve \
    node scripts/setup.mjs --cpu --service --no-build \
    && mkdir /native && cp -r --link --parents node_modules/@tensorflow/tfjs-node/lib node_modules/@tensorflow/tfjs-node/deps /native \
    && cp /usr/lib/*-linux-gnu/libjpeg.so.62 /native/node_modules/@tensorflow/tfjs-node/lib/napi-v8/ \
    && find /native -name '*.so*' -exec strip --strip-unneeded {} +


FROM packages AS native-gpu
ARG PIP_INDEX_URL
COPY native native
COPY scripts scripts
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=pipconf,target=/etc/pip.conf \
    --mount=type=cache,id=setup,target=/root/.cache/xception-serve \
    node scripts/setup.mjs --gpu --service --no-build \
    && mkdir /native && cp -r --link --parents node_modules/@tensorflow/tfjs-node/lib node_modules/@tensorflow/tfjs-node/deps /native \
    && cp /usr/lib/*-linux-gnu/libjpeg.so.62 /native/node_modules/@tensorflow/tfjs-node/lib/napi-v8/ \
    && find /native -name '*.so*' -exec strip --strip-unneeded {} +


# Of NVIDIA's wheels only the shared libraries stay.
FROM tools AS cuda
ARG PIP_INDEX_URL
COPY scripts/container/cuda-requirements.txt ./
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=pipconf,target=/etc/pip.conf \
    --mount=type=cache,id=wheels,target=/var/cache/wheels \
    python3 -m pip download --require-hashes --no-deps --only-binary=:all: --dest /var/cache/wheels -r cuda-requirements.txt \
    && python3 -m pip install --require-hashes --no-deps --no-index --find-links /var/cache/wheels --no-compile --target /wheels -r cuda-requirements.txt \
    && cd /wheels && mkdir /cuda && find nvidia -path '*/lib/*.so*' -exec cp --link --parents -t /cuda {} + && rm -r /wheels


FROM packages AS compiled
COPY tsconfig.json ./
COPY src src
COPY page page
RUN for configuration in tsconfig.json page/tsconfig.build.json; do \
      node node_modules/@typescript/native/bin/tsc -p $configuration --incremental false --sourceMap false || exit 1; \
    done \
    && node node_modules/esbuild/bin/esbuild dist/src/base/typebox.js --bundle --platform=node --format=esm \
      --allow-overwrite --outfile=dist/src/base/typebox.js
COPY models models
COPY scripts/container/compile-bundled.mjs scripts/container/
RUN MODEL_CACHE_DIR=/cache node scripts/container/compile-bundled.mjs


FROM scratch AS service
COPY LICENSE package.json ./
COPY scripts/container/download-model.mjs scripts/container/healthcheck.mjs scripts/container/
COPY scripts/thread-pool.cjs scripts/signals.cjs scripts/
COPY models models
COPY protocols protocols
COPY page/*.html page/*.css page/*.svg page/
COPY --from=compiled /app/dist dist


FROM ${RUNTIME_IMAGE} AS runtime
LABEL org.opencontainers.image.title="Xception Serve" \
      org.opencontainers.image.description="Image classification over HTTP with Xception" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
ENV NODE_ENV=production MODEL_CACHE_DIR=/var/cache/xception-serve
WORKDIR /app
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/scripts/container/healthcheck.mjs"]
# As a number, so that an orchestrator can see that it is not root.
USER 1000:1000
# The exec form: node is process 1 and gets the signals itself.
ENTRYPOINT ["node", "--require", "/app/scripts/thread-pool.cjs", "--require", "/app/scripts/signals.cjs", "/app/dist/src/main.js"]


# What changes least comes first, so that an upgrade of the service moves few bytes.
FROM runtime AS gpu
# Read by the NVIDIA container runtime, which brings the driver.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENV BACKEND=gpu
# TensorFlow looks for nvidia/*/lib beside the folder that it lies in itself.
COPY --from=cuda /cuda/nvidia node_modules/@tensorflow/tfjs-node/deps/nvidia
COPY --from=native-gpu /native ./
COPY --from=production /app/node_modules node_modules
COPY --from=service / ./
COPY --from=compiled --chown=1000:1000 /cache /var/cache/xception-serve


FROM runtime AS cpu
COPY --from=native-cpu /native ./
COPY --from=production /app/node_modules node_modules
COPY --from=service / ./
COPY --from=compiled --chown=1000:1000 /cache /var/cache/xception-serve
