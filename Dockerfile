FROM python:3.12-slim
WORKDIR /seinhuis
# requirements-otel.txt: with the packages for traces (docs/howto/supervise.md).
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-otel.txt pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --require-hashes -r "$REQUIREMENTS"
COPY schemas schemas
COPY handlers handlers
COPY hub hub
COPY partners_config partners_config
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && useradd --system seinhuis
# A new volume takes this over: whoever the container runs as makes its own folder in it.
RUN install -d -m 1777 /keys /log /state
USER seinhuis
ENTRYPOINT ["seinhuis"]
CMD ["up"]
