# The book with Python in it, for a server of your own; nothing in it asks another host for anything.
#   docker build -t unrolled . && docker run --rm -p 8000:8000 unrolled     then open http://localhost:8000
FROM python:3.11 AS build
WORKDIR /course
COPY . .
RUN make site OFFLINE=1

FROM python:3.11-slim
COPY --from=build /course/_build/html /site
# The user `nobody`.
USER 65534
EXPOSE 8000
# Python ends at once on this signal, also as the first process of a container.
STOPSIGNAL SIGINT
CMD ["python", "-m", "http.server", "8000", "--directory", "/site"]
