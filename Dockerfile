FROM python:3.12-slim
WORKDIR /seinhuis
COPY requirements.txt pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY schemas schemas
COPY handlers handlers
COPY hub hub
COPY partners_config partners_config
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && useradd --system seinhuis
USER seinhuis
ENTRYPOINT ["seinhuis"]
CMD ["up"]
