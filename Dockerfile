# avme in a container.
#
#   docker build -t avme .                                    the embedded WebAssembly backend, any CPU
#   docker build -t avme --build-arg TENSORFLOW=cpu .         native TensorFlow
#   docker build -t avme:cuda --build-arg TENSORFLOW=gpu .    native TensorFlow and NVIDIA's libraries
#
#   docker run --rm --init -v "$PWD:/data" avme preprocess videos/ --cache cache/
#   docker run --rm --init --gpus all -v "$PWD:/data" avme:cuda pretrain --cache cache/ --run runs/a
ARG NODE=22-bookworm-slim
# none, cpu or gpu
ARG TENSORFLOW=none

# What a user installs: the package as npm would publish it, with the versions of the lock file.
FROM node:${NODE} AS build
WORKDIR /opt/avme
COPY package.json package-lock.json ./
# No install script is needed: see docs/dependencies.md.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build
# tfjs-node-gpu would bring TensorFlow 2.9; the stage below makes a current one.
RUN npm uninstall --no-save --omit=dev --ignore-scripts --no-audit --no-fund @tensorflow/tfjs-node-gpu
RUN npm pack --ignore-scripts --pack-destination /tmp \
 && mkdir /opt/package \
 && tar -xzf /tmp/avme-*.tgz --strip-components=1 -C /opt/package \
 && mv node_modules /opt/package/

# Native TensorFlow, where it is asked for; otherwise an empty folder, which avme passes over.
FROM build AS tensorflow-none
RUN mkdir -p /opt/tensorflow

FROM build AS tensorflow-tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
ENV AVME_TENSORFLOW=/opt/tensorflow

FROM tensorflow-tools AS tensorflow-cpu
RUN node /opt/package/dist/bin/avme.js setup

FROM tensorflow-tools AS tensorflow-gpu
RUN node /opt/package/dist/bin/avme.js setup --gpu

FROM tensorflow-${TENSORFLOW} AS tensorflow

FROM node:${NODE}
ENV NODE_ENV=production \
    AVME_TENSORFLOW=/opt/tensorflow \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build /opt/package /opt/avme
COPY --from=tensorflow /opt/tensorflow /opt/tensorflow
RUN chmod +x /opt/avme/dist/bin/avme.js \
 && ln -s /opt/avme/dist/bin/avme.js /usr/local/bin/avme \
 && mkdir /data \
 && chown node:node /data
USER node
WORKDIR /data
ENTRYPOINT ["avme"]
CMD ["--help"]
