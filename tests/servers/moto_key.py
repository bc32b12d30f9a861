"""Makes an access key of moto that may do anything in S3, and prints `id secret`.

The server has to be started so that it lets three calls pass unchecked.
"""

import sys

import boto3

iam = boto3.client(
    "iam",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="none",
    aws_secret_access_key="none",
)
iam.create_user(UserName="tests")
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
iam.put_user_policy(UserName="tests", PolicyName="tests", PolicyDocument=POLICY)
key = iam.create_access_key(UserName="tests")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
