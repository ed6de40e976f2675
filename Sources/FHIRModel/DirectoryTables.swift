/// People, organisations, places and things (R4 4.0.1 StructureDefinitions; the notation is `ElementTables`').
enum DirectoryTables {
    static let text = """
        Patient@D identifier:Identifier* active:boolean name:HumanName* telecom:ContactPoint*
          gender:=male|female|other|unknown birthDate:date deceased[x]:boolean|dateTime address:Address*
          maritalStatus:CodeableConcept multipleBirth[x]:boolean|integer photo:Attachment* contact:.Patient.contact*
          communication:.Patient.communication* generalPractitioner:Reference* managingOrganization:Reference
          link:.Patient.link*
        Patient.contact@B relationship:CodeableConcept* name:HumanName telecom:ContactPoint* address:Address
          gender:=male|female|other|unknown organization:Reference period:Period
        Patient.communication@B language:CodeableConcept! preferred:boolean
        Patient.link@B other:Reference! type:=replaced-by|replaces|refer|seealso!
        RelatedPerson@D identifier:Identifier* active:boolean patient:Reference! relationship:CodeableConcept*
          name:HumanName* telecom:ContactPoint* gender:=male|female|other|unknown birthDate:date address:Address*
          photo:Attachment* period:Period communication:.RelatedPerson.communication*
        RelatedPerson.communication@B language:CodeableConcept! preferred:boolean
        Practitioner@D identifier:Identifier* active:boolean name:HumanName* telecom:ContactPoint* address:Address*
          gender:=male|female|other|unknown birthDate:date photo:Attachment* qualification:.Practitioner.qualification*
          communication:CodeableConcept*
        Practitioner.qualification@B identifier:Identifier* code:CodeableConcept! period:Period issuer:Reference
        PractitionerRole@D identifier:Identifier* active:boolean period:Period practitioner:Reference
          organization:Reference code:CodeableConcept* specialty:CodeableConcept* location:Reference*
          healthcareService:Reference* telecom:ContactPoint* availableTime:.PractitionerRole.availableTime*
          notAvailable:.PractitionerRole.notAvailable* availabilityExceptions:string endpoint:Reference*
        PractitionerRole.availableTime@B daysOfWeek:code* allDay:boolean availableStartTime:time availableEndTime:time
        PractitionerRole.notAvailable@B description:string! during:Period
        Organization@D identifier:Identifier* active:boolean type:CodeableConcept* name:string alias:string*
          telecom:ContactPoint* address:Address* partOf:Reference contact:.Organization.contact* endpoint:Reference*
        Organization.contact@B purpose:CodeableConcept name:HumanName telecom:ContactPoint* address:Address
        Location@D identifier:Identifier* status:=active|suspended|inactive operationalStatus:Coding name:string
          alias:string* description:string mode:=instance|kind type:CodeableConcept* telecom:ContactPoint*
          address:Address physicalType:CodeableConcept position:.Location.position managingOrganization:Reference
          partOf:Reference hoursOfOperation:.Location.hoursOfOperation* availabilityExceptions:string
          endpoint:Reference*
        Location.position@B longitude:decimal! latitude:decimal! altitude:decimal
        Location.hoursOfOperation@B daysOfWeek:code* allDay:boolean openingTime:time closingTime:time
        Endpoint@D identifier:Identifier* status:=active|suspended|error|off|entered-in-error|test!
          connectionType:Coding! name:string managingOrganization:Reference contact:ContactPoint* period:Period
          payloadType:CodeableConcept+ payloadMimeType:code* address:url! header:string*
        Device@D identifier:Identifier* definition:Reference udiCarrier:.Device.udiCarrier* status:code
          statusReason:CodeableConcept* distinctIdentifier:string manufacturer:string manufactureDate:dateTime
          expirationDate:dateTime lotNumber:string serialNumber:string deviceName:.Device.deviceName* modelNumber:string
          partNumber:string type:CodeableConcept specialization:.Device.specialization* version:.Device.version*
          property:.Device.property* patient:Reference owner:Reference contact:ContactPoint* location:Reference url:uri
          note:Annotation* safety:CodeableConcept* parent:Reference
        Device.udiCarrier@B deviceIdentifier:string issuer:uri jurisdiction:uri carrierAIDC:base64Binary
          carrierHRF:string entryType:code
        Device.deviceName@B name:string! type:code!
        Device.specialization@B systemType:CodeableConcept! version:string
        Device.version@B type:CodeableConcept component:Identifier value:string!
        Device.property@B type:CodeableConcept! valueQuantity:Quantity* valueCode:CodeableConcept*
        """
}
