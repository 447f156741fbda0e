FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No install scripts: argon2 ships prebuilt binaries. The npm package `node` brings the runtime to developers' machines; here
# the image has it, and its empty entry in .bin must not stand before it.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && rm -rf node_modules/.bin/node node_modules/node

FROM node:24-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    MINTMARK_DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY LICENSE package.json ./
COPY bin ./bin
COPY migrations ./migrations
COPY public ./public
COPY views ./views
COPY src ./src
# The code belongs to root and cannot be changed by the process that runs it; only the data can.
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "bin/mintmark.js", "serve"]
