# The image for production: the pages and the program, without the stand-ins for development, on a base without a shell.
# docs/deploy.md says how to build and run it.

FROM node:22-bookworm-slim AS pages
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM golang:1.26.8-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd/ cmd/
COPY internal/ internal/
COPY frontend/ frontend/
COPY --from=pages /src/frontend/dist/ frontend/dist/
ARG RELEASE=unversioned
RUN CGO_ENABLED=0 go build -tags nodevcloud -trimpath -buildvcs=false -ldflags "-s -w -X souk/internal/cli.Release=$RELEASE" -o /out/souk ./cmd/souk
RUN mkdir /out/data

# It has the certificates of the authorities, time zones, /tmp, and the user 65532.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=program /out/souk /usr/local/bin/souk
COPY --from=program --chown=65532:65532 /out/data /data
ENV LISTEN_ADDR=:8000 DATA_DIR=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s CMD ["/usr/local/bin/souk", "health"]
ENTRYPOINT ["/usr/local/bin/souk"]
CMD ["serve"]
