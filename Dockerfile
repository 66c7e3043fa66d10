# Images of Lockstep, one a target: `broker`, and `guacd` beside it (amd64). See docs/install.md.
# Rules: nothing runs as root; nothing is unpacked whose checksum is not written down in package-lock.json or scripts/guacd/packages.ts.

FROM node:24-bookworm AS sources
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY scripts/postinstall.mjs scripts/postinstall.mjs
COPY scripts/native scripts/native
# Not without the optional ones: argon2 and esbuild keep their binaries there. The Node that npm brings along is taken out below.
RUN npm ci
COPY . .

FROM sources AS build
RUN npm run build && npm prune --omit=dev && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24-bookworm-slim AS broker
# openssl: LOCKSTEP_TLS=yes. smbclient: Windows accounts over SMB. krb5-user: proof by Kerberos in a domain.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates openssl smbclient krb5-user \
 && rm -rf /var/lib/apt/lists/*
# In guacd's group, because the broker says there whom guacd may trust.
RUN groupadd --gid 10001 lockstep && groupadd --gid 64822 guacd \
 && useradd --uid 10001 --gid 10001 --groups 64822 --home-dir /data --no-create-home --shell /usr/sbin/nologin lockstep \
 && install -d -m 700 -o 10001 -g 10001 /data \
 && install -d -m 750 -o 64822 -g 64822 /var/lib/guacd /var/lib/guacd/.config /var/lib/guacd/.config/freerdp \
 && install -d -m 770 -o 64822 -g 64822 /var/lib/guacd/drives \
 && install -m 660 -o 64822 -g 64822 /dev/null /var/lib/guacd/.config/freerdp/known_hosts2
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY --from=build /src/bin ./bin
COPY --from=build /src/views/public ./views/public
COPY --from=build /src/drizzle ./drizzle
COPY --from=build /src/command-sets ./command-sets
RUN ln -s /app/bin/lockstep /usr/local/bin/lockstep
ENV NODE_ENV=production LOCKSTEP_DATA=/data
USER 10001:10001
ENTRYPOINT ["lockstep"]
CMD ["serve"]

FROM sources AS guacd-files
RUN apt-get update && npx tsx scripts/guacd/main.ts --get && rm -rf /var/lib/apt/lists/*

FROM debian:bookworm-slim AS guacd
# What scripts/guacd/packages.ts names in GUACD_PACKAGES; a test holds the two lists together.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    libfreerdp-client2-2 libfreerdp2-2 libwinpr2-2 libssh2-1 libvncclient1 libpangocairo-1.0-0 libcairo2 libossp-uuid16 libpulse0 \
    libjpeg62-turbo debian-archive-keyring util-linux \
 && rm -rf /var/lib/apt/lists/*
COPY --from=guacd-files /var/cache/lockstep/guacd/root /opt/guacd
COPY deploy/guacd.sh /opt/guacd/guacd.sh
# Where FreeRDP looks for its add-ins is compiled in; without them carrying files is silently off.
RUN mkdir -p /usr/lib/x86_64-linux-gnu/freerdp2 && ln -sf /opt/guacd/usr/lib/x86_64-linux-gnu/freerdp2/*.so /usr/lib/x86_64-linux-gnu/freerdp2/ \
 && groupadd --gid 64822 guacd && useradd --uid 64822 --gid 64822 --home-dir /var/lib/guacd --no-create-home --shell /usr/sbin/nologin guacd \
 && install -d -m 750 -o 64822 -g 64822 /var/lib/guacd /var/lib/guacd/.config /var/lib/guacd/.config/freerdp \
 && install -d -m 770 -o 64822 -g 64822 /var/lib/guacd/drives \
 && install -m 660 -o 64822 -g 64822 /dev/null /var/lib/guacd/.config/freerdp/known_hosts2
ENV HOME=/var/lib/guacd LD_LIBRARY_PATH=/opt/guacd/usr/lib/x86_64-linux-gnu
USER 64822:64822
ENTRYPOINT ["/bin/sh", "/opt/guacd/guacd.sh", "/opt/guacd/usr/sbin/guacd"]
