"""The smaller services: identity, permissions, buckets, images, topics, queues, quotas, tags."""

import base64
import itertools
import json

from standins.cloud import ACCOUNT, REGION, Refused, matching, paged


class Sts:
    def GetCallerIdentity(self):
        return {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/engineer/me", "UserId": "AIDA:me"}


class Iam:
    def __init__(self, cloud):
        self._cloud = cloud

    def GetRole(self, RoleName):
        return {"Role": {"Arn": f"arn:aws:iam::{ACCOUNT}:role/team/{RoleName}", "RoleName": RoleName, "Path": "/team/", "RoleId": "AROA",
                         "CreateDate": self._cloud.moment(0)}}  # fmt: skip

    def SimulatePrincipalPolicy(self, PolicySourceArn, ActionNames, ResourceArns, ContextEntries, Marker=None):
        results = [
            {"EvalActionName": name, "EvalDecision": "implicitDeny" if name in self._cloud.denied else "allowed", "EvalResourceName": ResourceArns[0]}
            for name in ActionNames
        ]
        start = int(Marker or 0)
        answer = {"EvaluationResults": results[start : start + 40], "IsTruncated": start + 40 < len(results)}
        return answer | ({"Marker": str(start + 40)} if start + 40 < len(results) else {})


class S3:
    def __init__(self):
        self.buckets = {}

    def _bucket(self, name):
        if name not in self.buckets:
            raise Refused("NoSuchBucket")
        return self.buckets[name]

    def by_url(self):
        return {f"https://{bucket}.s3.{REGION}.amazonaws.com/{key}": body for bucket, keys in self.buckets.items() for key, body in keys.items()}

    def make(self, physical, properties, tags):
        self.buckets[properties["BucketName"]] = {}

    def unmake(self, name):
        if self.buckets.get(name):
            return "The bucket you tried to delete is not empty"
        self.buckets.pop(name, None)
        return None

    def PutObject(self, Bucket, Key, Body):
        self._bucket(Bucket)[Key] = Body
        return {}

    def ListBuckets(self, Prefix="", ContinuationToken=None):
        return {"Buckets": [{"Name": name} for name in sorted(self.buckets) if name.startswith(Prefix)]}

    def ListObjectVersions(self, Bucket):
        return {"Versions": [{"Key": key, "VersionId": "null"} for key in sorted(self._bucket(Bucket))]}

    def DeleteObjects(self, Bucket, Delete):
        for entry in Delete["Objects"]:
            self._bucket(Bucket).pop(entry["Key"], None)
        return {}

    def DeleteBucket(self, Bucket):
        self._bucket(Bucket)
        del self.buckets[Bucket]
        return {}


class Ecr:
    def __init__(self):
        self.repositories = {}

    def make(self, physical, properties, tags):
        self.repositories[properties["RepositoryName"]] = {}

    def unmake(self, name):
        self.repositories.pop(name, None)

    def GetAuthorizationToken(self):
        return {"authorizationData": [{"authorizationToken": base64.b64encode(b"AWS:password").decode()}]}

    def DescribeImages(self, repositoryName, imageIds):
        tag = imageIds[0]["imageTag"]
        if tag not in self.repositories.get(repositoryName, {}):
            raise Refused("ImageNotFoundException")
        return {"imageDetails": [{"imageDigest": self.repositories[repositoryName][tag]}]}

    def DescribeRepositories(self):
        return {"repositories": [{"repositoryName": name} for name in sorted(self.repositories)]}

    def DeleteRepository(self, repositoryName, force):
        del self.repositories[repositoryName]
        return {}


class Sns:
    def __init__(self, cloud, sqs):
        self._cloud, self._sqs, self.topics, self._numbers = cloud, sqs, {}, itertools.count()

    def make(self, physical, properties, tags):
        self.topics[physical] = []
        self._cloud.tagged[physical] = [{"Key": key, "Value": value} for key, value in tags.items()]

    def unmake(self, arn):
        self.topics.pop(arn, None)

    def publish(self, arn, message):
        for queue in self.topics.get(arn, []):
            # SNS delivers at least once.
            self._sqs.send(queue, json.dumps({"Type": "Notification", "MessageId": str(next(self._numbers)), "Message": message}))

    def Subscribe(self, TopicArn, Protocol, Endpoint):
        if Endpoint.rpartition(":")[2] not in self.topics[TopicArn]:
            self.topics[TopicArn].append(Endpoint.rpartition(":")[2])
        return {"SubscriptionArn": f"{TopicArn}:1"}

    def GetTopicAttributes(self, TopicArn):
        if TopicArn not in self.topics:
            raise Refused("NotFound")
        return {"Attributes": {}}


class Sqs:
    def __init__(self, cloud):
        self._cloud, self.queues = cloud, {}

    def make(self, physical, properties, tags):
        name = properties["QueueName"]
        self.queues[name] = []
        self._cloud.tagged[f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"] = [{"Key": key, "Value": value} for key, value in tags.items()]

    def unmake(self, url):
        self.queues.pop(url.rpartition("/")[2], None)

    def send(self, name, body):
        self.queues[name].append(body)

    def ReceiveMessage(self, QueueUrl, MaxNumberOfMessages, WaitTimeSeconds):
        waiting = self.queues[QueueUrl.rpartition("/")[2]]
        return {"Messages": [{"MessageId": str(n), "ReceiptHandle": body, "Body": body} for n, body in enumerate(waiting[:MaxNumberOfMessages])]}

    def DeleteMessage(self, QueueUrl, ReceiptHandle):
        self.queues[QueueUrl.rpartition("/")[2]].remove(ReceiptHandle)
        return {}

    def GetQueueUrl(self, QueueName):
        if QueueName not in self.queues:
            raise Refused("AWS.SimpleQueueService.NonExistentQueue")
        return {"QueueUrl": QueueName}


class Quotas:
    def ListServiceQuotas(self, ServiceCode):
        return {"Quotas": [{"QuotaName": "PutLogEvents throttle limit in transactions per second", "Value": 5000.0},
                           {"QuotaName": "Concurrent queries", "Value": 100.0}]}  # fmt: skip


class Tagging:
    """Deleted resources stay listed for some time, as in the real service."""

    def __init__(self, cloud):
        self._cloud, self._ever = cloud, {}

    def GetResources(self, TagFilters, PaginationToken=""):
        self._ever |= self._cloud.tagged
        wanted = TagFilters[0]
        found = [
            {"ResourceARN": arn, "Tags": tags} for arn, tags in sorted(self._ever.items())
            if any(t["Key"] == wanted["Key"] and t["Value"] in wanted.get("Values", [t["Value"]]) for t in tags)
        ]  # fmt: skip
        return paged(found, "ResourceTagMappingList", 20, PaginationToken, "PaginationToken")


class Ec2:
    def __init__(self, cloud):
        self._cloud = cloud

    def DescribeNetworkInterfaces(self, Filters, NextToken=None):
        return {"NetworkInterfaces": []}

    def DescribeTags(self, Filters):
        wanted = Filters[0]["Values"][0]
        return {"Tags": [{"ResourceId": wanted}] if matching(f"*/{wanted}", self._cloud.tagged) else []}
