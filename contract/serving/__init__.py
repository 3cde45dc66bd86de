"""KServe's model server around anything that answers tasks. For predictors and toolchains only:
the ingress and the rest of the contract never import the SDK.
"""
