# An image of the static binary and certificates, and nothing else: docker build -t cenbwp .
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates jq musl-tools \
    && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src
COPY . .
# The folder .git is no part of the context: --build-arg CENBWP_COMMIT="$(git rev-parse --short=12 HEAD)"
ARG CENBWP_COMMIT
RUN packaging/dist.sh \
    && tar --extract --strip-components=1 --directory / --wildcards --file dist/cenbwp-*.tar.gz '*/cenbwp'

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /cenbwp /cenbwp
USER 65532:65532
ENTRYPOINT ["/cenbwp"]
