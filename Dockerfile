# The image for production: one static program with its pages, without the stand-ins for development, on nothing else.
# docs/operations.md says how to run it; compose.yaml does, with PostgreSQL.

FROM node:22.20.0-bookworm-slim AS pages
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
# The program carries the time zones (timetzdata); the certificates of the authorities come from this image.
RUN CGO_ENABLED=0 go build -tags nodevcloud,timetzdata -trimpath -buildvcs=false -ldflags "-s -w -X souk/internal/cli.Release=$RELEASE" \
	-o /out/usr/local/bin/souk ./cmd/souk
RUN install -D -m 644 /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt \
	&& install -d -m 1777 /out/tmp && install -d -m 700 -o 65532 -g 65532 /out/data

FROM scratch
COPY --from=program /out/ /
USER 65532:65532
ENV LISTEN_ADDR=:8000 DATA_DIR=/data PATH=/usr/local/bin
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s CMD ["/usr/local/bin/souk", "health"]
ENTRYPOINT ["/usr/local/bin/souk"]
CMD ["serve"]
